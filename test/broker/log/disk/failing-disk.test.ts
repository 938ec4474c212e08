import { describe, expect, it } from '@jest/globals';
import type { LogDirFailure, LogManager } from '../../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { batchOf, readAll } from '../log-fixture.ts';
import { makeLog } from '../log-machine.ts';
import { DiskMachine, fileError, settle } from './disk-machine.ts';

const storageError = { code: ErrorCodes.KAFKA_STORAGE_ERROR };

/** Four partitions on two disks. */
async function fourLogs(manager: LogManager): Promise<readonly PartitionLog[]> {
  const logs: PartitionLog[] = [];
  for (let partition = 0; partition < 4; partition += 1) {
    logs.push(await makeLog(manager, 't', partition));
  }
  return logs;
}

const on = (path: string, logs: Iterable<PartitionLog>): readonly PartitionLog[] =>
  [...logs].filter(({ folder }) => folder.startsWith(`${path}/`));

const append = (log: PartitionLog, tag = 'v'): Promise<void> =>
  log.append(batchOf({ tag }), { leaderEpoch: 0 }).written;

describe('a log.dir whose disk fails', () => {
  it('goes offline as a whole, and the others go on; it is back after the next start', async () => {
    const machine = new DiskMachine();
    const manager = await machine.open();
    const failures: LogDirFailure[] = [];
    manager.onLogDirFailed((failure) => failures.push(failure));
    const logs = await fourLogs(manager);
    for (const log of logs) await append(log, 'before');
    await settle();
    const [lost, alsoLost] = on('/d1', logs);
    machine.before = (call, path) => {
      if (path.startsWith('/d1/') && call === 'sync') throw fileError('EIO', 'fsync');
      return undefined;
    };
    await expect(lost?.flush()).rejects.toMatchObject(storageError);
    const partitions = [lost, alsoLost].map((log) => ({ topic: 't', partition: log?.partition }));
    expect(failures).toEqual([{ folder: '/d1', partitions }]);
    expect(on('/d1', manager.logs())).toEqual([]);
    expect(manager.disks.offlinePaths).toEqual(['/d1']);
    expect(manager.failedFolderCount).toBe(1);
    expect(() => append(lost ?? never())).toThrow('has failed');
    expect(() => append(alsoLost ?? never())).toThrow('has failed');
    for (const log of on('/d2', logs)) await append(log, 'after');
    for (const { topic, partition } of failures[0]?.partitions ?? []) {
      await expect(makeLog(manager, topic, partition)).rejects.toMatchObject(storageError);
      await expect(manager.deleteLog(topic, partition)).rejects.toMatchObject(storageError);
    }
    expect((await makeLog(manager, 'new')).folder).toBe('/d2/new-0');
    expect((await makeLog(manager, 'new', 1)).folder).toBe('/d2/new-1');
    await manager.stop();
    expect(await machine.disk('/d1').stat('/d1/.kafka_cleanshutdown')).toBeNull();
    expect(await machine.disk('/d2').stat('/d2/.kafka_cleanshutdown')).not.toBeNull();
    machine.before = () => undefined;
    const again = await machine.open();
    expect(on('/d1', again.logs()).map(({ logEndOffset }) => logEndOffset)).toEqual([1, 1]);
    expect(again.failedFolderCount).toBe(0);
    await again.stop();
  });

  it.each(['EIO', 'EROFS', 'ENXIO', 'ENOTDIR', 'Unknown system error -117'])(
    'is told by a write that fails with %s',
    async (code) => {
      const machine = new DiskMachine();
      const manager = await machine.open();
      const [log] = on('/d1', await fourLogs(manager));
      machine.before = (call) => {
        if (call === 'write') throw fileError(code);
        return undefined;
      };
      await expect(append(log ?? never())).rejects.toMatchObject(storageError);
      machine.before = () => undefined;
      expect(manager.disks.offlinePaths).toEqual(['/d1']);
      await manager.stop();
    },
  );

  it.each(['EMFILE', 'EFBIG', 'ENOMEM', 'EACCES'])(
    'is not told by a write that fails with %s: the log is cut back, and goes on',
    async (code) => {
      const machine = new DiskMachine();
      const manager = await machine.open();
      const [log] = on('/d1', await fourLogs(manager));
      machine.before = (call, path) => {
        if (call !== 'write' || !path.endsWith('.log')) return undefined;
        machine.before = () => undefined;
        throw fileError(code);
      };
      await expect(append(log ?? never())).rejects.toMatchObject(storageError);
      await settle();
      await append(log ?? never());
      expect(log?.logEndOffset).toBe(1);
      expect(manager.disks.offlinePaths).toEqual([]);
      await manager.stop();
    },
  );

  it('is told by a read, and by the loss of its root', async () => {
    const machine = new DiskMachine(['/d1', '/d2', '/d3']);
    const manager = await machine.open();
    for (let partition = 0; partition < 3; partition += 1) await makeLog(manager, 't', partition);
    const [log] = on('/d1', manager.logs());
    await append(log ?? never());
    machine.before = (call, path) => {
      if (call === 'read' && path.startsWith('/d1/')) throw fileError('EIO', 'read');
      if (path.startsWith('/d2/')) throw fileError('ENOENT', 'open');
      return undefined;
    };
    await expect(readAll(log ?? never())).rejects.toMatchObject({ code: 'EIO' });
    expect(manager.disks.offlinePaths).toEqual(['/d1']);
    manager.start();
    machine.time.pass(5000);
    await settle();
    expect(manager.disks.offlinePaths).toEqual(['/d1', '/d2']);
    await manager.stop();
  });

  it('leaves nothing to start with where it is the last one', async () => {
    const machine = new DiskMachine(['/d1']);
    const manager = await machine.open();
    await append(await makeLog(manager, 't'));
    machine.crash(true);
    machine.before = (call, path) => {
      if (call === 'read' && path.endsWith('.log')) throw fileError('EIO', 'read');
      return undefined;
    };
    await expect(machine.open()).rejects.toThrow('every folder of log.dirs has failed: /d1');
    machine.before = () => undefined;
    const again = await machine.open();
    expect(again.get('t', 0)?.logEndOffset).toBe(1);
    await again.stop();
  });

  it('keeps what was acknowledged, and no half of anything, whichever call is its last', async () => {
    let last = 0;
    for (let isOver = false; !isOver; last += 1) isOver = await failFrom(last);
    // The scenario has so many calls at least: it has not ended before it began.
    expect(last).toBeGreaterThan(80);
  });
});

/** Carries out a scenario in which every call on /d1 from number `first` on fails. True: none did. */
async function failFrom(first: number): Promise<boolean> {
  const machine = new DiskMachine();
  let count = 0;
  machine.before = (_, path) => {
    if (!path.startsWith('/d1')) return undefined;
    count += 1;
    if (count > first) throw fileError('EIO', 'any');
    return undefined;
  };
  const acknowledged = new Map<string, string[]>();
  const manager = await machine.open();
  manager.start();
  for (let round = 0; round < 3; round += 1) {
    for (let partition = 0; partition < 4; partition += 1) {
      const tag = `r${String(round)}-`;
      const log = await makeLog(manager, 't', partition).catch(() => null);
      const isWritten = log !== null && (await tryAppend(log, tag));
      if (isWritten) listOf(acknowledged, log.folder).push(tag);
    }
    for (const log of [...manager.logs()]) await log.flush().catch(() => undefined);
    machine.time.pass(5000);
    await settle();
  }
  const isOver = count <= first;
  const survivors = [...on('/d2', manager.logs())];
  expect(survivors.length).toBeGreaterThanOrEqual(2);
  for (const log of survivors) await append(log, 'last');
  await manager.stop();
  machine.crash(true);
  machine.before = () => undefined;
  const again = await machine.open();
  for (const [folder, tags] of acknowledged) {
    const log = [...again.logs()].find((candidate) => candidate.folder === folder);
    const text = (await readAll(log ?? never())).toString('latin1');
    for (const tag of tags) expect(text).toContain(tag);
    expect(log?.writtenEndOffset).toBe(log?.logEndOffset);
  }
  expect(again.failedFolderCount).toBe(0);
  await again.stop();
  return isOver;
}

async function tryAppend(log: PartitionLog, tag: string): Promise<boolean> {
  try {
    await append(log, tag);
    return true;
  } catch {
    return false;
  }
}

function listOf(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function never(): never {
  throw new Error('there is such a log');
}
