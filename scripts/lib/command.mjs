/** Child processes of the scripts: a limit on time, output shown only when something failed, nothing left behind. */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';

import { repository } from './repository.mjs';

const running = new Set();
const graceMs = 10_000;

/**
 * @typedef {object} CommandOptions
 * @property {Record<string, string | undefined>} [env] beside the environment of this process
 * @property {number} [limitMs] 30 minutes unless told
 * @property {boolean} [isShown] its output goes to the terminal as it comes; else it is kept
 * @property {string} [cwd] the repository unless told
 */

/**
 * Runs a command to its end, in a process group of its own, so that what it started ends with it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{code: number, output: string, isOverdue: boolean}>} code 127: it could not be started
 */
export function run(command, args, options = {}) {
  const { env = {}, limitMs = 30 * 60_000, isShown = false, cwd = repository } = options;
  const stdio = isShown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
  const settings = { cwd, stdio, detached: true, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    const child = spawn(command, args, settings);
    let output = '';
    let isOverdue = false;
    const collect = (data) => (output = (output + data.toString()).slice(-1_000_000));
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const limit = setTimeout(() => {
      isOverdue = true;
      void endGroup(child);
    }, limitMs);
    const done = (code) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ code, output, isOverdue });
    };
    child.once('error', (error) => {
      output += error.message;
      done(127);
    });
    child.once('close', (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
    running.add(child);
  });
}

/** The last lines of an output. @param {string} output @param {number} [lines] */
export function tail(output, lines = 40) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}

async function endGroup(child) {
  signalGroup(child, 'SIGTERM');
  const late = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(late);
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

/** Ctrl-C reaches the group of the terminal only: the others are told here. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (running.size === 0 && process.listenerCount(signal) > 1) return;
    void Promise.all([...running].map((child) => endGroup(child))).then(() => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  });
