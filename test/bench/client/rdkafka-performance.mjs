/**
 * librdkafka's own load generator, compiled from the source in Debian's librdkafka-dev, and what it reports.
 *
 * That source includes two headers of librdkafka that the package lacks; the few things it takes from them
 * stand in src/ beside this file.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { run, tail } from '../../../scripts/lib/command.mjs';
import { compile, programFolder, startPinned } from './pinned.mjs';

const source = '/usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c';
const program = join(programFolder, 'rdkafka_performance');
const floodLimitMs = 600_000;

/**
 * Compiles it unless that was done.
 *
 * @returns {Promise<string | null>} null, or why there is none
 */
export async function compileClient() {
  const plain = await unpacked();
  return plain === null ? `${source} is missing` : compile(plain, program);
}

/** Debian compresses documents above 4 KiB, and makes an exception for sources that it may change again. */
async function unpacked() {
  if (existsSync(source)) return source;
  if (!existsSync(`${source}.gz`)) return null;
  mkdirSync(programFolder, { recursive: true });
  const plain = `${program}.c`;
  const { code } = await run('sh', ['-c', `gzip -dc '${source}.gz' > '${plain}'`]);
  return code === 0 ? plain : null;
}

/**
 * @typedef {object} ClientRun
 * @property {string} bootstrap
 * @property {string} topic
 * @property {number} count records
 * @property {number} cpu core to which it is pinned
 * @property {number} [limitMs] two minutes unless told
 * @property {boolean} [isGentle] gives way to other programs on its core
 */

/** @typedef {{count: number, bytes: number, elapsedMs: number}} ClientReport */

/**
 * Produces, and waits until all is acknowledged.
 *
 * @param {ClientRun & {recordSize: number, settings: readonly string[], acks?: number}} options settings: of librdkafka
 * @returns {Promise<ClientReport>}
 */
export async function produce({ recordSize, settings, acks = 1, ...options }) {
  const args = ['-P', '-a', String(acks), '-s', String(recordSize), ...withX(settings)];
  const output = await runClient(options, args);
  const found = /\((\d+) bytes\), (\d+) delivered \(offset \d+, (\d+) failed\) in (\d+)ms/.exec(
    output,
  );
  if (found === null || Number(found[2]) !== options.count || Number(found[3]) > 0)
    throw new Error(`not everything was produced: ${tail(output, 5)}`);
  return { count: options.count, bytes: Number(found[1]), elapsedMs: Number(found[4]) };
}

/**
 * Consumes partition 0 from its first offset.
 *
 * @param {ClientRun & {settings: readonly string[]}} options
 * @returns {Promise<ClientReport>}
 */
export async function consume({ settings, ...options }) {
  const output = await runClient(options, ['-C', '-p', '0', '-o', 'beginning', ...withX(settings)]);
  const found = /(\d+) messages \((\d+) bytes\) consumed in (\d+)ms/.exec(output);
  if (found === null || Number(found[1]) < options.count)
    throw new Error(`not everything was consumed: ${tail(output, 5)}`);
  return { count: Number(found[1]), bytes: Number(found[2]), elapsedMs: Number(found[3]) };
}

/**
 * Produces as fast as it can to partition 0, until it is told to end.
 *
 * @param {{bootstrap: string, topic: string, cpu: number}} options
 */
export function startFlood({ bootstrap, topic, cpu }) {
  const args = ['-q', '-P', '-p', '0', '-a', '1', '-s', '1024', '-b', bootstrap, '-t', topic];
  return startPinned([program, ...args], { cpu, limitMs: floodLimitMs, isGentle: true });
}

function withX(settings) {
  return settings.flatMap((setting) => ['-X', setting]);
}

/** Whatever its exit code: the report tells more. */
function runClient({ bootstrap, topic, count, ...pinned }, args) {
  const common = ['-q', '-b', bootstrap, '-t', topic, '-c', String(count)];
  return startPinned([program, ...common, ...args], pinned).output;
}
