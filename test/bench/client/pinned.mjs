/** Client programs: C sources compiled once, run pinned to one core so that they do not take the broker's. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { run, tail } from '../../../scripts/lib/command.mjs';
import { repository } from '../../../scripts/lib/repository.mjs';

export const sourceFolder = join(dirname(fileURLToPath(import.meta.url)), 'src');
export const programFolder = join(repository, '.cache', 'bench');

const limitMsDefault = 120_000;
const running = new Set();

process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Compiles a client of librdkafka unless that was done.
 *
 * @param {string} source
 * @param {string} program
 * @returns {Promise<string | null>} null, or why there is none
 */
export async function compile(source, program) {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return null;
  mkdirSync(dirname(program), { recursive: true });
  const headers = [`-I${sourceFolder}`, '-I/usr/include/librdkafka'];
  const libraries = ['-lrdkafka', '-lpthread', '-lm'];
  const { code, output } = await run('cc', [
    '-O2',
    '-o',
    program,
    ...headers,
    source,
    ...libraries,
  ]);
  return code === 0 ? null : `${basename(source)} does not compile: ${tail(output, 5)}`;
}

/**
 * @typedef {object} PinnedOptions
 * @property {number} cpu
 * @property {number} [limitMs] killed then; two minutes unless told
 * @property {boolean} [isGentle] gives way to every other program on its core
 */

/**
 * @param {readonly string[]} command
 * @param {PinnedOptions} options
 * @returns {{output: Promise<string>, end: () => void}} `end` asks it to end, with what it reports then
 */
export function startPinned(command, { cpu, limitMs = limitMsDefault, isGentle = false }) {
  const nice = isGentle ? ['nice', '-n', '19'] : [];
  const child = spawn('taskset', ['-c', String(cpu), ...nice, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  running.add(child);
  const output = new Promise((resolve, reject) => {
    let text = '';
    const collect = (data) => (text = (text + data.toString()).slice(-20_000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', () => {
      running.delete(child);
      resolve(text);
    });
  });
  return { output, end: () => child.kill('SIGTERM') };
}
