/**
 * A server under measurement: a process pinned to one core, ready when its port answers, with what the
 * kernel counts of it. Ended by its own process id, also when the benchmark is interrupted.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

export const host = '127.0.0.1';
const clockTicksPerSecond = 100;
const readyLimitMs = 60_000;
const stopLimitMs = 60_000;
const running = new Set();

process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** @typedef {{user: number, system: number}} CpuSeconds */

export class Server {
  #child;
  #output = '';

  /**
   * @param {object} options
   * @param {string} options.name
   * @param {number} options.cpu
   * @param {readonly string[]} options.command
   * @param {Record<string, string>} [options.env]
   */
  constructor({ name, cpu, command, env = {} }) {
    this.name = name;
    const stdio = ['ignore', 'pipe', 'pipe'];
    this.#child = spawn('taskset', ['-c', String(cpu), ...command], {
      stdio,
      env: { ...process.env, ...env },
    });
    running.add(this.#child);
    this.#child.once('close', () => running.delete(this.#child));
    this.#child.once('error', (error) => (this.#output += error.message));
    const collect = (data) => (this.#output = (this.#output + data.toString()).slice(-20_000));
    this.#child.stdout.on('data', collect);
    this.#child.stderr.on('data', collect);
  }

  /**
   * Resolves when a request on `port` is answered.
   *
   * @param {number} port
   * @param {Buffer | string} request
   */
  async ready(port, request) {
    const deadline = performance.now() + readyLimitMs;
    while (!(await answers(port, request))) {
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        const output = this.#output.split('\n').slice(-15).join('\n');
        await this.stop();
        throw new Error(`${this.name} did not start:\n${output}`);
      }
      await sleep(2);
    }
  }

  /** All its threads, since its start. @returns {CpuSeconds} */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may have spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (field) => Number(fields[field - 3]) / clockTicksPerSecond;
    return { user: seconds(14), system: seconds(15) };
  }

  /** Resident now and at most so far, in MiB. @returns {{now: number, most: number}} */
  memory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const mebibytes = (key) =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) / 1024;
    return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') };
  }

  /** What it has had read from a disk so far, its sendfile included. */
  diskReadBytes() {
    const text = readFileSync(`/proc/${this.#child.pid}/io`, 'utf8');
    return Number(/^read_bytes: (\d+)$/m.exec(text)[1]);
  }

  /** As `kill -9` does. */
  async kill() {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await closed;
    clearTimeout(late);
  }
}

/** Whether something there answers. */
function answers(port, request) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (isAnswered) => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once('connect', () => socket.write(request));
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

/** One that was free a moment ago. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
