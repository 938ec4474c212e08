import { describe, expect, it } from '@jest/globals';
import { RESERVE_SIZE } from '../../../../broker/log/disk/disk.ts';
import type { LogManager } from '../../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { batchOf, defaultConfig, readAll } from '../log-fixture.ts';
import { makeLog } from '../log-machine.ts';
import { DiskMachine, fileError, settle } from './disk-machine.ts';

const RESERVE = '/d1/.odradek-reserve';
const storageError = { code: ErrorCodes.KAFKA_STORAGE_ERROR };

const append = (log: PartitionLog, tag = 'v', size = 10): Promise<void> =>
  log.append(batchOf({ tag, size }), { leaderEpoch: 0 }).written;

/** One log on one disk, which has `room` bytes left. */
async function nearlyFull(
  room: number,
): Promise<{ machine: DiskMachine; manager: LogManager; log: PartitionLog }> {
  const machine = new DiskMachine(['/d1']);
  const config = { ...defaultConfig, segmentBytes: 20_000, retentionBytes: 20_000 };
  const manager = await machine.open({ configOf: () => config });
  manager.start();
  const log = await makeLog(manager, 't');
  for (let count = 0; count < 8; count += 1) await append(log, 'before', 9000);
  await settle();
  const disk = machine.disk('/d1');
  disk.capacity = disk.usedSize + room;
  return { machine, manager, log };
}

describe('a full disk', () => {
  it('refuses appends, and nothing else, until there is room again', async () => {
    const { machine, manager, log } = await nearlyFull(5000);
    const disk = machine.disk('/d1');
    expect((await disk.stat(RESERVE))?.size).toBe(RESERVE_SIZE);
    const end = log.logEndOffset;
    await expect(append(log, 'refused', 9000)).rejects.toMatchObject(storageError);
    expect(() => append(log)).toThrow('the disk of /d1 is full');
    await settle();
    expect([log.logEndOffset, log.writtenEndOffset]).toEqual([end, end]);
    expect(manager.disks.fullPaths).toEqual(['/d1']);
    expect(manager.failedFolderCount).toBe(0);
    // The reserve is what small files are written with now.
    expect(await disk.stat(RESERVE)).toBeNull();
    machine.time.pass(5000);
    await settle();
    expect((await disk.readFile('/d1/replication-offset-checkpoint')).toString()).toContain('t 0');
    expect((await readAll(log)).toString('latin1')).not.toContain('refused');
    expect(() => append(log)).toThrow('the disk of /d1 is full');
    disk.capacity += 2 * RESERVE_SIZE;
    machine.time.pass(1000);
    await settle();
    expect((await disk.stat(RESERVE))?.size).toBe(RESERVE_SIZE);
    await append(log, 'after');
    expect(log.logEndOffset).toBe(end + 1);
    expect(manager.disks.fullPaths).toEqual([]);
    await manager.stop();
  });

  it('gets room by DeleteRecords and retention', async () => {
    const { machine, manager, log } = await nearlyFull(5000);
    await expect(append(log, 'refused', 9000)).rejects.toMatchObject(storageError);
    manager.setHighWatermarks(() => log.writtenEndOffset);
    log.advanceLogStartOffset(4, log.writtenEndOffset);
    const disk = machine.disk('/d1');
    // As if what is deleted were large.
    disk.capacity += 2 * RESERVE_SIZE - 40_000;
    machine.time.pass(2000);
    await settle();
    expect(log.logStartOffset).toBeGreaterThanOrEqual(4);
    machine.time.pass(2000);
    await settle();
    await append(log, 'after');
    await manager.stop();
  });

  it('that kept a log from being opened gives it back when there is room, without a restart', async () => {
    const machine = new DiskMachine(['/d1']);
    const first = await machine.open();
    const log = await makeLog(first, 't');
    await append(log, 'kept');
    await log.flush();
    machine.crash(true);
    machine.before = (call, path) => {
      if (path.startsWith('/d1/t-0/') && ASKS_FOR_ROOM.has(call)) throw fileError('ENOSPC', call);
      return undefined;
    };
    const manager = await machine.open();
    manager.start();
    expect(manager.get('t', 0)).toBeUndefined();
    await expect(makeLog(manager, 't')).rejects.toMatchObject(storageError);
    machine.before = () => undefined;
    machine.time.pass(5000);
    await settle();
    const again = await makeLog(manager, 't');
    expect((await readAll(again)).toString('latin1')).toContain('kept');
    await append(again);
    expect(manager.failedFolderCount).toBe(0);
    await manager.stop();
    expect(await machine.disk('/d1').stat('/d1/.kafka_cleanshutdown')).not.toBeNull();
  });

  it('lets the broker stop cleanly, and start, and stop again', async () => {
    const { machine, manager, log } = await nearlyFull(100);
    const end = log.logEndOffset;
    await expect(append(log, 'refused', 9000)).rejects.toMatchObject(storageError);
    await manager.stop();
    const again = await machine.open();
    expect(again.get('t', 0)?.logEndOffset).toBe(end);
    expect((await readAll(again.get('t', 0) ?? log)).length).toBeGreaterThan(8 * 9000);
    await again.stop();
    expect(await machine.disk('/d1').stat('/d1/.kafka_cleanshutdown')).not.toBeNull();
  });

  it('is looked at less often where it is full again at once', async () => {
    const { machine, manager, log } = await nearlyFull(0);
    const disk = machine.disk('/d1');
    const room = disk.capacity;
    for (const retryMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      disk.capacity = room;
      await expect(append(log, 'refused', 15_000)).rejects.toMatchObject(storageError);
      await settle();
      disk.capacity = room + 2 * RESERVE_SIZE;
      machine.time.pass(retryMs - 1);
      await settle();
      expect(manager.disks.fullPaths).toEqual(['/d1']);
      machine.time.pass(1);
      await settle();
      expect(manager.disks.fullPaths).toEqual([]);
    }
    await manager.stop();
  });

  it('takes nothing that was acknowledged, whichever call finds no room', async () => {
    let count = 0;
    while (await failOnce(count, 'ENOSPC')) count += 1;
    expect(count).toBeGreaterThan(50);
  });

  it('is the same for a quota', async () => {
    for (const count of [20, 30, 40, 50]) expect(await failOnce(count, 'EDQUOT')).toBe(true);
  });
});

const ASKS_FOR_ROOM: ReadonlySet<string> = new Set([
  'open',
  'write',
  'rename',
  'makeFolder',
  'syncFolder',
]);

/** A scenario in which call number `index` of those that may find no room does. False: none did. */
async function failOnce(index: number, code: string): Promise<boolean> {
  const machine = new DiskMachine(['/d1']);
  let count = 0;
  let hasFailed = false;
  machine.before = (call, path) => {
    if (path === RESERVE || !ASKS_FOR_ROOM.has(call)) return undefined;
    count += 1;
    if (count !== index + 1) return undefined;
    hasFailed = true;
    throw fileError(code, call);
  };
  const options = { configOf: () => ({ ...defaultConfig, segmentBytes: 300 }) };
  const opened = await Promise.allSettled([machine.open(options)]);
  // A folder that is new cannot be taken into use without room.
  const manager = opened[0].status === 'fulfilled' ? opened[0].value : null;
  if (manager === null) return hasFailed;
  const acknowledged: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const log = await makeLog(manager, 't').catch(() => null);
    const tag = `r${String(round)}-`;
    const isWritten = log !== null && (await tryAppend(log, tag));
    if (isWritten) acknowledged.push(tag);
    await log?.flush().catch(() => undefined);
    machine.time.pass(1000);
    await settle();
  }
  // It went on: at most what met the failure was refused, and until the next look at the disk.
  expect(acknowledged.length).toBeGreaterThanOrEqual(10);
  machine.crash(true);
  machine.before = () => undefined;
  const again = await machine.open(options);
  const text = (await readAll(await makeLog(again, 't'))).toString('latin1');
  for (const tag of acknowledged) expect(text).toContain(tag);
  await again.stop();
  return hasFailed;
}

async function tryAppend(log: PartitionLog, tag: string): Promise<boolean> {
  try {
    await append(log, tag);
    return true;
  } catch {
    return false;
  }
}
