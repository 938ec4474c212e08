/**
 * The folder of one run, and the notes of all that the run has made on this machine: processes, network namespaces,
 * mounts. Each is noted before it is made or right after, so that whoever comes later can put it away: the run itself,
 * the runner after Ctrl-C, or the next run if both were killed. Nothing that is not noted is ever touched.
 *
 * Plain JavaScript: the runner reads it, too.
 */

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const prefix = 'odradek-faults-';

/** @typedef {'owner' | 'processes' | 'namespaces' | 'mounts'} Kind */

/** Its owner is this process. @returns {string} */
export function makeRunFolder() {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  note(folder, 'owner', identityOf(process.pid) ?? '');
  return folder;
}

/** @param {string} folder @param {Kind} kind @param {string} value */
export function note(folder, kind, value) {
  appendFileSync(join(folder, kind), `${value}\n`);
}

/** @param {string} folder @param {number} pid */
export function noteProcess(folder, pid) {
  const identity = identityOf(pid);
  if (identity !== null) note(folder, 'processes', identity);
}

/** Ends and removes all that is noted, and the folder. @param {string} folder */
export function putAway(folder) {
  empty(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** The same, but the folder stays its owner's, for the next cluster. What is gone already is no failure. @param {string} folder */
export function empty(folder) {
  for (const identity of noted(folder, 'processes')) {
    const [pid] = identity.split(' ').map(Number);
    if (identityOf(pid) === identity) kill(pid);
  }
  for (const namespace of noted(folder, 'namespaces')) {
    const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
    for (const line of (stdout ?? '').split('\n')) if (line !== '') kill(Number(line));
    spawnSync('ip', ['netns', 'delete', namespace]);
  }
  // Lazily, because the last process that used it may still be ending.
  for (const path of noted(folder, 'mounts')) spawnSync('umount', ['--lazy', path]);
  for (const name of namesIn(folder)) {
    if (name === 'owner') continue;
    // A process that was just killed may make a last file.
    const patience = { maxRetries: 10, retryDelay: 200 };
    rmSync(join(folder, name), { recursive: true, force: true, ...patience });
  }
}

/** Of runs whose owner has ended without doing it. */
export function putAwayOlderRuns() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(tmpdir(), name);
    const [owner] = noted(folder, 'owner');
    if (owner === undefined || identityOf(Number(owner.split(' ')[0])) === owner) continue;
    putAway(folder);
  }
}

/** A process id is used again one day, so with the time of its start; null: there is no such process. */
function identityOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${pid} ${fields[19]}`;
  } catch {
    return null;
  }
}

function namesIn(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function noted(folder, kind) {
  try {
    return readFileSync(join(folder, kind), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
