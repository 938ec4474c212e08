/**
 * librdkafka's own load generator, compiled from the source in Debian's librdkafka-dev, and what it reports.
 *
 * That source includes two headers of librdkafka that the package lacks; the few things it takes from them
 * stand in src/ beside this file.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run, tail } from '../../../scripts/lib/command.mjs';
import { repository } from '../../../scripts/lib/repository.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const source = '/usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c';
const program = join(repository, '.cache', 'bench', 'rdkafka_performance');

/**
 * Compiles it unless that was done.
 *
 * @returns {Promise<string | null>} null, or why there is none
 */
export async function compileClient() {
  const plain = await unpacked();
  if (plain === null) return `${source} is missing`;
  if (existsSync(program) && statSync(program).mtimeMs > statSync(plain).mtimeMs) return null;
  mkdirSync(dirname(program), { recursive: true });
  const headers = [`-I${join(here, 'src')}`, '-I/usr/include/librdkafka'];
  const libraries = ['-lrdkafka', '-lpthread', '-lm'];
  const { code, output } = await run('cc', ['-O2', '-o', program, ...headers, plain, ...libraries]);
  return code === 0 ? null : `rdkafka_performance.c does not compile: ${tail(output, 5)}`;
}

/** Debian compresses documents above 4 KiB, and makes an exception for sources that it may change again. */
async function unpacked() {
  if (existsSync(source)) return source;
  if (!existsSync(`${source}.gz`)) return null;
  mkdirSync(dirname(program), { recursive: true });
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
 */

/** @typedef {{count: number, bytes: number, elapsedMs: number}} ClientReport */

/**
 * Produces, and waits until all is acknowledged (acks=1).
 *
 * @param {ClientRun & {recordSize: number, settings: readonly string[]}} options settings: of librdkafka
 * @returns {Promise<ClientReport>}
 */
export async function produce({ recordSize, settings, ...options }) {
  const args = ['-P', '-a', '1', '-s', String(recordSize), ...withX(settings)];
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

function withX(settings) {
  return settings.flatMap((setting) => ['-X', setting]);
}

const limitMs = 120_000;

/** Whatever its exit code: the report tells more. */
function runClient({ bootstrap, topic, count, cpu }, args) {
  const common = ['-q', '-b', bootstrap, '-t', topic, '-c', String(count)];
  return runPinned(cpu, [program, ...common, ...args]);
}

function runPinned(cpu, command) {
  return new Promise((resolve, reject) => {
    const options = { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' };
    const child = spawn('taskset', ['-c', String(cpu), ...command], options);
    let output = '';
    const collect = (data) => (output = (output + data.toString()).slice(-20_000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
