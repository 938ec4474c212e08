import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../broker/platform/clock.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { EmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { settle } from '../log/disk/disk-machine.ts';
import { TestTime } from '../log/log-fixture.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { bytes, codeOf } from './session-contract.ts';

const path = '/data/.odradek-store';

async function newFileSystem(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(systemClock);
  await fileSystem.makeFolder('/data');
  await fileSystem.syncFolder('/');
  return fileSystem;
}

function open(fileSystem: MemoryFileSystem): Promise<EmbeddedStore> {
  return openEmbeddedStore({ fileSystem, path, logger: silentLogger });
}

async function contentOf(session: ZooKeeperSession, folder = '/'): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of [...((await session.children(folder)) ?? [])].sort()) {
    const child = folder === '/' ? `/${name}` : `${folder}/${name}`;
    const node = await session.get(child);
    const data = node?.data?.toString('latin1') ?? 'null';
    lines.push(`${child} v${String(node?.stat.version)} ${String(node?.stat.czxid)} ${data}`);
    lines.push(...(await contentOf(session, child)));
  }
  return lines;
}

describe('The embedded store', () => {
  it('has after a loss of power all that was answered, and no ephemerals', async () => {
    const fileSystem = await newFileSystem();
    const before = await (await open(fileSystem)).openSession();
    await before.create('/a', bytes('1'));
    await before.create('/a/b', Buffer.from([0xff, 0x00, 0xfe]));
    await before.set('/a', bytes('2'), 0);
    await before.create('/gone', null);
    await before.remove('/gone', -1);
    const expected = await contentOf(before);
    await before.create('/a/e', null, { ephemeral: true });
    fileSystem.crash({ keepUnsynced: false });

    const store = await open(fileSystem);
    const after = await store.openSession();
    expect(await contentOf(after)).toEqual(expected);
    await store.close();
  });

  it('goes on with higher zxids, sequence numbers and session ids after it was opened again', async () => {
    const fileSystem = await newFileSystem();
    const first = await open(fileSystem);
    const before = await first.openSession();
    await before.create('/s', null);
    await before.create('/s/n_', null, { sequential: true });
    const earlier = await before.exists('/s/n_0000000000');
    await first.close();

    const second = await open(fileSystem);
    const after = await second.openSession();
    expect(after.id).not.toBe(before.id);
    const made = await after.create('/s/n_', null, { sequential: true });
    expect(made).toBe('/s/n_0000000001');
    expect((await after.exists(made))?.czxid).toBeGreaterThan(earlier?.czxid ?? Infinity);
    await second.close();
    expect(fileSystem.openCount).toBe(0);
  });

  it('cuts off a last line that was torn', async () => {
    const fileSystem = await newFileSystem();
    const first = await open(fileSystem);
    await (await first.openSession()).create('/a', bytes('1'));
    await first.close();
    const whole = await fileSystem.readFile(path);
    for (const torn of ['[["c","/to', '[["c","/torn",null,null]]', '[["c","/to\0\0\0\0\n']) {
      await append(fileSystem, torn, whole.length);
      const store = await open(fileSystem);
      const session = await store.openSession();
      expect(await session.children('/')).toEqual(['a']);
      await session.create('/b', null);
      await session.remove('/b', -1);
      await store.close();
      await (await fileSystem.open(path, 'write')).truncate(whole.length);
    }
  });

  it('does not start on a file that is damaged elsewhere, and names the line', async () => {
    const fileSystem = await newFileSystem();
    const store = await open(fileSystem);
    const session = await store.openSession();
    await session.create('/a', bytes('1'));
    await session.create('/b', bytes('1'));
    await store.close();
    const file = await fileSystem.open(path, 'write');
    const third = (await fileSystem.readFile(path)).toString().indexOf('[["c","/a"');
    await file.write([Buffer.from('xxxx')], third);
    await file.close();
    await expect(open(fileSystem)).rejects.toThrow(`${path}, line 4, cannot be read`);
  });

  it('does not take another file for its own', async () => {
    const fileSystem = await newFileSystem();
    const file = await fileSystem.open(path, 'write');
    await file.write([Buffer.from('broker.id=1\n')], 0);
    await file.close();
    await expect(open(fileSystem)).rejects.toThrow('line 1, cannot be read');
  });

  it('ends every session when it cannot write, and serves what was answered when opened again', async () => {
    const fileSystem = await newFileSystem();
    const store = await open(fileSystem);
    const session = await store.openSession();
    await session.create('/a', bytes('1'));
    fileSystem.failNext('sync', 'EIO');
    expect(await codeOf(session.set('/a', bytes('2'), -1))).toBe('SESSION_ENDED');
    expect(await session.ended).toBe('expired');
    expect(await codeOf(session.get('/a'))).toBe('SESSION_ENDED');
    await store.close();
    fileSystem.crash({ keepUnsynced: false });
    const again = await open(fileSystem);
    expect((await (await again.openSession()).get('/a'))?.data?.toString()).toBe('1');
    await again.close();
  });

  it('waits for room on a full disk, and goes on when there is some', async () => {
    const fileSystem = await newFileSystem();
    const time = new TestTime();
    const { timers } = time;
    const store = await openEmbeddedStore({ fileSystem, path, logger: silentLogger, timers });
    const session = await store.openSession();
    await session.create('/a', bytes('1'));
    fileSystem.capacity = fileSystem.usedSize + 10;
    let isDone = false;
    const writing = session.set('/a', bytes('2'), -1).then(() => (isDone = true));
    for (let round = 0; round < 5; round += 1) {
      await settle();
      time.pass(500);
    }
    expect(isDone).toBe(false);
    fileSystem.capacity = Infinity;
    time.pass(500);
    await writing;
    await store.close();
    const again = await open(fileSystem);
    expect((await (await again.openSession()).get('/a'))?.data?.toString()).toBe('2');
    await again.close();
  });

  it('is closed though its disk is full, without what was not written', async () => {
    const fileSystem = await newFileSystem();
    const { timers } = new TestTime();
    const store = await openEmbeddedStore({ fileSystem, path, logger: silentLogger, timers });
    const session = await store.openSession();
    await session.create('/a', bytes('1'));
    fileSystem.capacity = fileSystem.usedSize;
    const lost = codeOf(session.set('/a', bytes('2'), -1));
    await settle();
    await store.close();
    expect(await lost).toBe('SESSION_ENDED');
    fileSystem.capacity = Infinity;
    const again = await open(fileSystem);
    expect((await (await again.openSession()).get('/a'))?.data?.toString()).toBe('1');
    await again.close();
  });

  it('keeps its file small, whatever is written again and again', async () => {
    const fileSystem = await newFileSystem();
    const store = await open(fileSystem);
    const session = await store.openSession();
    await session.create('/a', null);
    for (let round = 0; round < 12; round += 1) {
      const writes = Array.from({ length: 1000 }, () => session.set('/a', bytes('x'), -1));
      await Promise.all(writes);
    }
    expect((await fileSystem.readFile(path)).length).toBeLessThan(100_000);
    expect((await session.exists('/a'))?.version).toBe(12_000);
    const expected = await contentOf(session);
    fileSystem.crash({ keepUnsynced: false });
    const again = await open(fileSystem);
    expect(await contentOf(await again.openSession())).toEqual(expected);
    await again.close();
  });

  it('is after any crash what it was, for any order of calls', async () => {
    const name = fc.constantFrom('/a', '/b', '/a/x', '/a/y', '/b/x');
    const call = fc.record({
      kind: fc.constantFrom('create', 'sequential', 'set', 'remove', 'crash'),
      path: name,
      data: fc.option(fc.uint8Array({ maxLength: 8 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
        const fileSystem = await newFileSystem();
        let session = await (await open(fileSystem)).openSession();
        for (const { kind, path: target, data } of calls) {
          const buffer = data === null ? null : Buffer.from(data);
          if (kind === 'create') await session.create(target, buffer).catch(() => null);
          if (kind === 'sequential') {
            await session.create(target, buffer, { sequential: true }).catch(() => null);
          }
          if (kind === 'set') await session.set(target, buffer, -1).catch(() => null);
          if (kind === 'remove') await session.remove(target, -1).catch(() => null);
          if (kind !== 'crash') continue;
          const expected = await contentOf(session);
          fileSystem.crash({ keepUnsynced: false });
          session = await (await open(fileSystem)).openSession();
          expect(await contentOf(session)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});

async function append(fileSystem: MemoryFileSystem, text: string, position: number): Promise<void> {
  const file = await fileSystem.open(path, 'write');
  await file.write([Buffer.from(text)], position);
  await file.close();
}
