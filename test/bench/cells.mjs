/**
 * What is measured: the cells of the table, each with the figure that is wanted. A cell under load runs the
 * client once per round and broker; one without load looks at the broker itself.
 */

import { consume, produce } from './client/rdkafka-performance.mjs';

/**
 * @typedef {object} LoadCell
 * @property {string} name
 * @property {string} description
 * @property {string} wanted
 * @property {string} topic of its own
 * @property {{read: (report: import('./client/rdkafka-performance.mjs').ClientReport) => number, unit: string}} rate
 * @property {{amount: (report: import('./client/rdkafka-performance.mjs').ClientReport) => number, scale: number, unit: string}} cost
 *   CPU seconds times `scale`, per amount
 * @property {(client: Client) => Promise<unknown>} [fill] once, before the first round
 * @property {(client: Client) => Promise<import('./client/rdkafka-performance.mjs').ClientReport>} run
 */

/** @typedef {{bootstrap: string, topic: string, cpu: number}} Client */

const gigabyte = 1e9;
const kilobyteRecords = 732_422; // 750 MB
export const largeBatches = ['linger.ms=5', 'batch.size=262144', 'batch.num.messages=100000'];
export const deepQueue = [
  'queue.buffering.max.messages=1000000',
  'queue.buffering.max.kbytes=262144',
];
const oneRecord = ['linger.ms=0', 'batch.num.messages=1', 'max.in.flight=100'];
const largeFetches = ['fetch.message.max.bytes=1048576', 'queued.max.messages.kbytes=65536'];

const megabytesPerSecond = {
  read: ({ bytes, elapsedMs }) => bytes / elapsedMs / 1000,
  unit: 'MB/s',
};
const perSecond = { read: ({ count, elapsedMs }) => (count / elapsedMs) * 1000, unit: '/s' };
const perGigabyte = { amount: ({ bytes }) => bytes / gigabyte, scale: 1, unit: 's/GB' };
const perRequest = { amount: ({ count }) => count, scale: 1e6, unit: 'us each' };
const perMillion = { amount: ({ count }) => count / 1e6, scale: 1, unit: 's/million' };

/** 1 KB records in batches of 256 KB, acks=1. @param {Client} client @param {number} bytes */
export function produceLarge(client, bytes) {
  const count = Math.ceil(bytes / 1024);
  return produce({ ...client, count, recordSize: 1024, settings: [...largeBatches, ...deepQueue] });
}

/** @type {readonly LoadCell[]} */
export const loadCells = [
  {
    name: 'produce',
    description: '1 KB records in batches of 256 KB, acks=1, one partition',
    wanted: '>= 600 MB/s; CPU <= 0.7',
    topic: 'bench-produce',
    rate: megabytesPerSecond,
    cost: perGigabyte,
    run: (client) => produceLarge(client, gigabyte),
  },
  {
    name: 'fetch',
    description: 'the same records consumed from the page cache',
    wanted: '>= 900 MB/s; CPU <= 0.5',
    topic: 'bench-fetch',
    rate: megabytesPerSecond,
    cost: perGigabyte,
    fill: (client) => produceLarge(client, kilobyteRecords * 1024),
    run: (client) => consume({ ...client, count: kilobyteRecords, settings: largeFetches }),
  },
  {
    name: 'requests',
    description: 'one record of 1 KB per request, 100 requests in flight',
    wanted: '>= 40000/s; CPU <= 0.4',
    topic: 'bench-requests',
    rate: perSecond,
    cost: perRequest,
    run: (client) =>
      produce({
        ...client,
        count: 100_000,
        recordSize: 1024,
        settings: [...oneRecord, ...deepQueue],
      }),
  },
  {
    name: 'small-records',
    description: 'records of 100 bytes in batches of 256 KB, acks=1',
    wanted: 'CPU <= 1',
    topic: 'bench-small',
    rate: perSecond,
    cost: perMillion,
    run: (client) =>
      produce({
        ...client,
        count: 2_000_000,
        recordSize: 100,
        settings: [...largeBatches, ...deepQueue],
      }),
  },
];

/** Of a new process, without load before it: how long until it answers. */
export const readyCell = {
  name: 'ready',
  description: 'from the start of the process to its first answer, empty folder',
  wanted: '< 0.5 s',
};

/** Of a process that has worked. */
export const memoryCell = {
  name: 'memory',
  description: 'resident memory after 10 GB produced and consumed',
  wanted: '< 120 MiB',
  movedBytes: 10 * gigabyte,
};

export const allCells = [readyCell, ...loadCells, memoryCell];
