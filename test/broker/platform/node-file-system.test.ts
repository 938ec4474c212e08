/* eslint-disable jest/no-standalone-expect -- itWithLibc is `it`, where it can run */

import { describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../broker/platform/clock.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import { libcAvailable } from '../../../broker/platform/libc.ts';
import { takeFileLock } from '../../../broker/platform/node-file-lock.ts';
import { NodeFileSystem } from '../../../broker/platform/node-file-system.ts';
import type { Subject } from './file-system-contract.ts';
import { describeFileSystem } from './file-system-contract.ts';

/** Every look at it is 5 ms later: all writes seem slow. */
function slowClock(): Clock {
  let now = 0;
  return { nowMs: () => now, monotonicMs: () => (now += 5) };
}

async function subjectWith(clock: Clock): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), 'odradek-files-'));
  return {
    files: new NodeFileSystem({ clock }),
    folder,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

describeFileSystem("Node's file system", () => subjectWith(systemClock));
describeFileSystem("Node's file system, writing in the thread pool", async () => {
  const subject = await subjectWith(slowClock());
  const handle = await subject.files.open(`${subject.folder}/first`, 'write');
  await handle.write([Buffer.from('slow')], 0);
  await handle.close();
  await subject.files.remove(`${subject.folder}/first`);
  return subject;
});

describe("Node's file system", () => {
  it('writes at once until a write was slow, then in the thread pool', async () => {
    const { files, folder, dispose } = await subjectWith(slowClock());
    const first = await files.open(`${folder}/a`, 'write');
    const second = await files.open(`${folder}/b`, 'write');
    expect(first.write([Buffer.from('1')], 0)).toBeUndefined();
    const later = [first.write([Buffer.from('2')], 1), second.write([Buffer.from('3')], 0)];
    expect(later).toEqual([expect.any(Promise), expect.any(Promise)]);
    await first.sync();
    expect((await files.readFile(`${folder}/a`)).toString()).toBe('12');
    for (const write of later) await write;
    await first.close();
    await second.close();
    await dispose();
  });
});

/** Tries the lock as Java does, says how it went, and holds it until its input ends. */
const PYTHON_LOCK = `
import fcntl, sys
file = open(sys.argv[1], 'r+')
try:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print('taken', flush=True)
except OSError:
    print('refused', flush=True)
sys.stdin.read()
`;
const NODE_LOCK = `
const library = require('koffi').load(null);
const lock = Buffer.alloc(32);
lock[0] = 1;
const fd = require('node:fs').openSync(process.argv[1], 'r+');
const result = library.func('int fcntl(int, int, ...)')(fd, 6, 'void *', lock);
console.log(result === 0 ? 'taken' : 'refused');
process.stdin.resume();
`;
const hasPython = spawnSync('python3', ['--version']).status === 0;
const itWithLibc = libcAvailable() ? it : it.skip;

interface OtherProcess {
  readonly answer: string;
  readonly end: () => Promise<void>;
}

async function lockElsewhere(path: string): Promise<OtherProcess> {
  const child = hasPython
    ? spawn('python3', ['-c', PYTHON_LOCK, path])
    : spawn(process.execPath, ['-e', NODE_LOCK, path]);
  const exit = once(child, 'exit');
  const events: readonly unknown[] = await Promise.race([once(child.stdout, 'data'), exit]);
  return {
    answer: String(events[0]).trim(),
    end: async () => {
      child.stdin.end();
      await exit;
    },
  };
}

describe('file locks', () => {
  itWithLibc('are seen by other processes, and see theirs', async () => {
    const { folder, dispose } = await subjectWith(systemClock);
    const path = `${folder}/.lock`;
    const lock = await takeFileLock(path);
    const early = await lockElsewhere(path);
    expect(early.answer).toBe('refused');
    await early.end();
    // A second try in this process must not have dropped the lock of the first.
    expect(await takeFileLock(path)).toBeNull();
    const stillEarly = await lockElsewhere(path);
    expect(stillEarly.answer).toBe('refused');
    await stillEarly.end();
    await lock?.release();
    const taken = await lockElsewhere(path);
    expect(taken.answer).toBe('taken');
    expect(await takeFileLock(path)).toBeNull();
    await taken.end();
    const again = await takeFileLock(path);
    expect(again).not.toBeNull();
    await again?.release();
    await dispose();
  });

  it('without the C library are a file that names its owner', async () => {
    const { files, folder, dispose } = await subjectWith(systemClock);
    const path = `${folder}/.lock`;
    const lock = await takeFileLock(path, false);
    expect((await files.readFile(`${path}.owner`)).toString()).toBe(String(process.pid));
    expect(await takeFileLock(path, false)).toBeNull();
    await lock?.release();
    expect(await files.list(folder)).toEqual([]);
    await writeText(files, `${path}.owner`, String(process.ppid));
    expect(await takeFileLock(path, false)).toBeNull();
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    await files.remove(`${path}.owner`);
    await writeText(files, `${path}.owner`, String(gone.pid));
    const taken = await takeFileLock(path, false);
    expect(taken).not.toBeNull();
    await taken?.release();
    await dispose();
  });
});

async function writeText(files: FileSystem, path: string, text: string): Promise<void> {
  const handle = await files.open(path, 'write');
  await handle.write([Buffer.from(text)], 0);
  await handle.close();
}
