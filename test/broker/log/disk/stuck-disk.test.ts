import { describe, expect, it } from '@jest/globals';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { threadsPerDisk } from '../../../../broker/platform/thread-pool.ts';
import { batchOf, readAll } from '../log-fixture.ts';
import { makeLog } from '../log-machine.ts';
import { DiskMachine, settle } from './disk-machine.ts';

const OPERATIONS_MAX = 4;

describe('a disk that does not answer', () => {
  it('holds no more threads than it may, and other log.dirs do not notice', async () => {
    const machine = new DiskMachine();
    const manager = await machine.open({ diskOperationsMax: OPERATIONS_MAX, openFilesMax: 1000 });
    const logs: PartitionLog[] = [];
    for (let partition = 0; partition < 40; partition += 1) {
      logs.push(await makeLog(manager, 't', partition));
    }
    await settle();
    let inPool = 0;
    let worst = 0;
    let release = (): void => undefined;
    const answered = new Promise<void>((resolve) => (release = resolve));
    const calls = new Map<string, number>();
    machine.before = (call, path) => {
      if (!path.startsWith('/d1')) return undefined;
      inPool += 1;
      worst = Math.max(worst, inPool);
      calls.set(call, (calls.get(call) ?? 0) + 1);
      return answered.finally(() => (inPool -= 1));
    };
    manager.start();
    const stuck = logs.filter(({ folder }) => folder.startsWith('/d1/'));
    const free = logs.filter(({ folder }) => folder.startsWith('/d2/'));
    const flushes = stuck.slice(0, 8).map((log) => log.flush());
    const writes = stuck.map((log) => log.append(batchOf({}), { leaderEpoch: 0 }).written);
    const reads = stuck.slice(8, 16).map((log) => readAll(log));
    for (let round = 0; round < 3; round += 1) {
      for (const log of free) await log.append(batchOf({}), { leaderEpoch: 0 }).written;
      machine.time.pass(60_000);
      await settle();
    }
    for (const log of free) expect(log.writtenEndOffset).toBe(3);
    // The timers of the other log.dir are its own.
    const checkpoint = await machine.disk('/d2').readFile('/d2/recovery-point-offset-checkpoint');
    expect(checkpoint.toString()).toContain('t 1 ');
    expect(worst).toBe(OPERATIONS_MAX);
    expect(calls.get('sync') ?? 0).toBeLessThanOrEqual(OPERATIONS_MAX / 2);
    machine.before = () => undefined;
    release();
    await Promise.all([...flushes, ...writes, ...reads]);
    for (const log of stuck) expect(log.writtenEndOffset).toBe(1);
    await manager.stop();
  });
});

describe('the threads of a disk', () => {
  it('are its share of the pool, less some for others, and never one alone', () => {
    expect(threadsPerDisk(1, '16')).toBe(14);
    expect(threadsPerDisk(2, '16')).toBe(7);
    expect(threadsPerDisk(1, undefined)).toBe(2);
    expect(threadsPerDisk(12, '16')).toBe(2);
    expect(threadsPerDisk(1, 'many')).toBe(2);
  });
});
