/** A producer at a steady pace with percentiles of its latency: src/steady_latency.c. */

import { join } from 'node:path';

import { tail } from '../../../scripts/lib/command.mjs';
import { compile, programFolder, sourceFolder, startPinned } from './pinned.mjs';

const program = join(programFolder, 'steady_latency');
const recordSize = 1024;
/** Before the first record is counted: connections are made, code is compiled. */
export const warmSeconds = 2;
const warmUpSeconds = 5;
const settings = ['linger.ms=0', 'queue.buffering.max.messages=1000000'];

/** @returns {Promise<string | null>} null, or why there is none */
export function compileSteadyLatency() {
  return compile(join(sourceFolder, 'steady_latency.c'), program);
}

/** @typedef {{count: number, p50: number, p99: number, p999: number, max: number}} Latencies in microseconds */
/** @typedef {{produce: Latencies, fetch?: Latencies}} SteadyReport */

/**
 * Produces to partition 0.
 *
 * @param {object} options
 * @param {string} options.bootstrap
 * @param {string} options.topic
 * @param {number} options.cpu
 * @param {number} options.bytesPerSecond
 * @param {number} options.seconds at most
 * @param {boolean} [options.withConsumer]
 * @returns {{report: Promise<SteadyReport>, end: () => void}}
 */
export function steadyLatency(options) {
  const { bootstrap, topic, cpu, bytesPerSecond, seconds, withConsumer = false } = options;
  const numbers = [bytesPerSecond, recordSize, warmSeconds, seconds, withConsumer ? 1 : 0];
  const command = [program, bootstrap, topic, ...numbers.map(String), ...settings];
  const limitMs = (warmSeconds + seconds + 90) * 1000;
  const { output, end } = startPinned(command, { cpu, limitMs });
  return { report: output.then((text) => reportOf(text, bytesPerSecond)), end };
}

/** Once before anything counts: until then the broker's code for this load is not compiled. */
export async function warmUpSteady(options) {
  await steadyLatency({ ...options, seconds: warmUpSeconds }).report;
}

/** The steady pace itself is checked: latencies of a slower producer would say nothing. */
function reportOf(output, bytesPerSecond) {
  const line = output.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`the steady producer failed: ${tail(output, 5)}`);
  const report = JSON.parse(line);
  if (report.failed > 0) throw new Error(`${report.failed} records of the steady producer failed`);
  const { count } = report.produce;
  const wanted = (bytesPerSecond / recordSize) * (report.counted_ms / 1000);
  if (count === 0 || count < wanted / 2)
    throw new Error(`the steady producer got ${count} of ${wanted.toFixed(0)} records through`);
  return report;
}
