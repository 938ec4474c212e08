import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../broker/platform/clock.ts';
import type { Random } from '../../../broker/platform/random.ts';
import { describeFileSystem } from '../../broker/platform/file-system-contract.ts';
import { MemoryFileSystem } from './memory-file-system.ts';

const clock: Clock = { nowMs: () => 1000, monotonicMs: () => 0 };

for (const slowWrites of [false, true]) {
  describeFileSystem(`the file system in memory, slow writes: ${String(slowWrites)}`, async () => {
    const files = new MemoryFileSystem(clock);
    files.slowWrites = slowWrites;
    await files.makeFolder('/data');
    return {
      files,
      folder: '/data',
      dispose: () => {
        if (files.openCount > 0) throw new Error('a descriptor was left open');
        return Promise.resolve();
      },
    };
  });
}

describe('the file system in memory', () => {
  it('forgets in a crash what was not synced, names and content apart', async () => {
    const files = await setUp();
    await write(files, '/data/synced', 'old', true);
    await files.syncFolder('/data');
    await write(files, '/data/synced', 'newer', false);
    await write(files, '/data/nameless', 'content', true);
    files.crash({ keepUnsynced: false });
    expect(await files.list('/data')).toEqual(['synced']);
    expect(await text(files, '/data/synced')).toBe('old');
  });

  it('keeps everything where only the process died, but no descriptor and no lock', async () => {
    const files = await setUp();
    const handle = await files.open('/data/a', 'write');
    void handle.write([Buffer.from('hello')], 0);
    await files.lock('/data/.lock');
    files.crash({ keepUnsynced: true });
    expect(await text(files, '/data/a')).toBe('hello');
    expect(files.openCount).toBe(0);
    await expect(handle.size()).rejects.toMatchObject({ code: 'EBADF' });
    expect(await files.lock('/data/.lock')).not.toBeNull();
  });

  it('brings back removed and renamed files whose folder was not synced', async () => {
    const files = await setUp();
    await write(files, '/data/a', 'a', true);
    await write(files, '/data/b', 'b', true);
    await files.syncFolder('/data');
    await files.remove('/data/a');
    await files.rename('/data/b', '/data/c');
    files.crash({ keepUnsynced: false });
    expect(await files.list('/data')).toEqual(['a', 'b']);
    await files.rename('/data/b', '/data/c');
    await files.syncFolder('/data');
    files.crash({ keepUnsynced: false });
    expect(await files.list('/data')).toEqual(['a', 'c']);
  });

  it('never half-does a rename from one folder to another', async () => {
    const files = await setUp();
    await files.makeFolder('/data/x');
    await files.makeFolder('/data/y');
    await files.syncFolder('/data');
    await write(files, '/data/x/f', 'f', true);
    await files.rename('/data/x/f', '/data/y/g');
    await files.syncFolder('/data/y');
    await files.syncFolder('/data/x');
    files.crash({ keepUnsynced: false });
    expect(await files.list('/data/x')).toEqual([]);
    expect(await text(files, '/data/y/g')).toBe('f');
  });

  it('leaves after a loss of power any part of what was not synced, the same for the same seed', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const outcomes = await Promise.all([crashWith(seed), crashWith(seed)]);
      expect(outcomes[0]).toBe(outcomes[1]);
      seen.add(outcomes[0]);
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  it('fills up, and then writes what fits', async () => {
    const files = await setUp();
    files.capacity = 10;
    await write(files, '/data/a', '12345678', false);
    await expect(write(files, '/data/b', 'abcd', false)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await text(files, '/data/b')).toBe('ab');
    await write(files, '/data/a', '87654321', false);
    await files.remove('/data/a');
    await write(files, '/data/b', 'abcd', false);
    expect(files.usedSize).toBe(4);
  });

  it('fails the next call that it was asked to fail, and only that one', async () => {
    const files = await setUp();
    files.failNext('write', 'EIO', '/data/b');
    await write(files, '/data/a', 'a', false);
    await expect(write(files, '/data/b', 'b', false)).rejects.toMatchObject({ code: 'EIO' });
    await write(files, '/data/b', 'b', false);
    files.failNext('sync', 'EIO');
    await expect(write(files, '/data/a', 'a', true)).rejects.toMatchObject({ code: 'EIO' });
    await write(files, '/data/a', 'a', true);
  });

  it('lets a socket read what a descriptor names', async () => {
    const files = await setUp();
    await write(files, '/data/a', 'hello world', false);
    const handle = await files.open('/data/a', 'read');
    expect(files.readFd(handle.fd, 6, 3).toString()).toBe('wor');
    expect(files.readFd(handle.fd, 6, 300).toString()).toBe('world');
    await handle.close();
    expect(() => files.readFd(handle.fd, 0, 1)).toThrow('EBADF');
  });
});

async function setUp(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem(clock);
  await files.makeFolder('/data');
  await files.syncFolder('/');
  return files;
}

async function write(
  files: MemoryFileSystem,
  path: string,
  content: string,
  isSynced: boolean,
): Promise<void> {
  const handle = await files.open(path, 'write');
  try {
    await handle.write([Buffer.from(content)], 0);
    if (isSynced) await handle.sync();
  } finally {
    await handle.close();
  }
}

async function text(files: MemoryFileSystem, path: string): Promise<string> {
  return (await files.readFile(path)).toString();
}

/** A file of three pages of which one was synced, and a file that was only created. */
async function crashWith(seed: number): Promise<string> {
  const files = await setUp();
  await write(files, '/data/a', 'a'.repeat(4096), true);
  await files.syncFolder('/data');
  await write(files, '/data/a', 'b'.repeat(3 * 4096 - 10), false);
  await write(files, '/data/c', '', false);
  files.crash({ keepUnsynced: seeded(seed) });
  const content = await files.readFile('/data/a');
  const pages = [0, 4096, 8192].map((position) => String(content[position])).join();
  return `${(await files.list('/data')).join()} ${String(content.length)} ${pages}`;
}

function seeded(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
  const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, next));
  return { integer: (below) => next() % below, uuid: () => bytes(16), bytes };
}
