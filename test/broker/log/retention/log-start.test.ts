/** A log start offset that was moved by request survives what a broker may go through. */

import { describe, expect, it } from '@jest/globals';
import { LogManager } from '../../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { InlineWorkers } from '../../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { batchOf, defaultConfig, seededRandom, TestTime } from '../log-fixture.ts';

const CHECKPOINT = '/d1/log-start-offset-checkpoint';

class Machine {
  readonly time = new TestTime();
  readonly fileSystem = new MemoryFileSystem(this.time);

  open(): Promise<LogManager> {
    const { fileSystem, time } = this;
    return LogManager.openLogManager({
      logDirs: ['/d1'],
      brokerId: 1,
      clusterId: 'cluster-a',
      fileSystem,
      clock: time,
      timers: time.timers,
      random: seededRandom(3),
      logger: silentLogger,
      workers: new InlineWorkers({ fileSystem, clock: time, logger: silentLogger }),
      configOf: () => defaultConfig,
      loadParallelism: 2,
      diskOperationsMax: 4,
      openFilesMax: 10,
      indexCacheBytes: 1 << 16,
      retentionCheckIntervalMs: Infinity,
      onSegmentsDeleted: () => undefined,
      flushCheckIntervalMs: Infinity,
      recoveryPointCheckpointIntervalMs: 60_000,
      highWatermarkCheckpointIntervalMs: 5000,
      producerIdExpirationMs: 86_400_000,
      producerIdExpirationCheckIntervalMs: 600_000,
    });
  }

  async checkpoint(): Promise<string> {
    return (await this.fileSystem.readFile(CHECKPOINT)).toString('utf8');
  }
}

const make = (manager: LogManager, topic: string): Promise<PartitionLog> =>
  manager.getOrCreate({ topic, partition: 0, topicId: null, isNew: true });

async function filled(manager: LogManager, topic: string): Promise<PartitionLog> {
  const log = await make(manager, topic);
  for (let count = 0; count < 5; count += 1) {
    await log.append(batchOf({}), { leaderEpoch: 0 }).written;
  }
  return log;
}

describe('a log start offset', () => {
  it('survives a kill right after it was saved', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(3, 5);
    await manager.saveLogStart('a', 0);
    machine.fileSystem.crash({ keepUnsynced: true });
    const again = (await machine.open()).get('a', 0);
    expect([again?.logStartOffset, again?.logEndOffset]).toEqual([3, 5]);
  });

  it('survives a loss of power that takes the records: offsets do not come twice', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(3, 5);
    await manager.saveLogStart('a', 0);
    await machine.fileSystem.syncFolder('/');
    machine.fileSystem.crash({ keepUnsynced: false });
    const again = (await machine.open()).get('a', 0);
    expect(again?.logStartOffset).toBe(3);
    expect(again?.logEndOffset).toBeGreaterThanOrEqual(3);
  });

  it('is saved with those of others in few writes, and each with the newest', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const topics = ['a', 'b', 'c', 'd'];
    const logs = await Promise.all(topics.map((topic) => filled(manager, topic)));
    await Promise.all(
      logs.map(async (log, index) => {
        log.advanceLogStartOffset(index + 1, 5);
        await manager.saveLogStart(log.topic, 0);
        expect(await machine.checkpoint()).toContain(`${log.topic} 0 ${String(index + 1)}\n`);
      }),
    );
    await manager.stop();
    expect(await machine.checkpoint()).toBe('0\n4\na 0 1\nb 0 2\nc 0 3\nd 0 4\n');
  });

  it('is forgotten with its log, so that one of the same name starts anew', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(5, 5);
    await manager.saveLogStart('a', 0);
    await manager.deleteLog('a', 0);
    expect(await machine.checkpoint()).toBe('0\n0\n');
    const second = await make(manager, 'a');
    await second.append(batchOf({}), { leaderEpoch: 0 }).written;
    machine.fileSystem.crash({ keepUnsynced: true });
    const again = (await machine.open()).get('a', 0);
    expect([again?.logStartOffset, again?.logEndOffset]).toEqual([0, 1]);
  });

  it('is nothing to save for a log that is not here', async () => {
    const manager = await new Machine().open();
    await expect(manager.saveLogStart('nowhere', 0)).resolves.toBeUndefined();
    await manager.stop();
  });
});
