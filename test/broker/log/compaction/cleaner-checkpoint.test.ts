import { describe, expect, it } from '@jest/globals';
import type { LogManagerOptions } from '../../../../broker/log/log-manager.ts';
import { LogManager } from '../../../../broker/log/log-manager.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { settled } from '../../../support/manual-time.ts';
import { InlineWorkers } from '../../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { defaultConfig, seededRandom, TestTime } from '../log-fixture.ts';
import { append, compacted, keyedBatch, limits, readLines, roll } from './compaction-fixture.ts';

const CHECKPOINT = '/d1/cleaner-offset-checkpoint';
const BACKOFF_MS = 1000;

class Machine {
  readonly time = new TestTime();
  readonly fileSystem = new MemoryFileSystem(this.time);

  open(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
    const { time, fileSystem } = this;
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
      configOf: () => ({ ...defaultConfig, ...compacted, minCleanableDirtyRatio: 0.5 }),
      compaction: () => ({ ...limits, isEnabled: true, backoffMs: BACKOFF_MS }),
      loadParallelism: 2,
      diskOperationsMax: 4,
      openFilesMax: 10,
      indexCacheBytes: 1 << 16,
      retentionCheckIntervalMs: Infinity,
      onSegmentsDeleted: () => undefined,
      flushCheckIntervalMs: Infinity,
      recoveryPointCheckpointIntervalMs: Infinity,
      highWatermarkCheckpointIntervalMs: Infinity,
      producerIdExpirationMs: 86_400_000,
      producerIdExpirationCheckIntervalMs: Infinity,
      ...options,
    });
  }

  async text(): Promise<string> {
    return (await this.fileSystem.readFile(CHECKPOINT)).toString();
  }

  async write(text: string): Promise<void> {
    await this.fileSystem.makeFolder('/d1');
    const handle = await this.fileSystem.open(CHECKPOINT, 'write');
    await handle.truncate(0);
    await handle.write([Buffer.from(text)], 0);
    await handle.close();
  }
}

async function filled(manager: LogManager) {
  const log = await manager.getOrCreate({ topic: 't', partition: 0, topicId: null, isNew: true });
  for (let value = 0; value < 20; value += 1) {
    await append(log, await keyedBatch([{ key: 'a', value: String(value) }]));
  }
  await roll(log);
  manager.setHighWatermarks(({ writtenEndOffset }) => writtenEndOffset);
  return log;
}

describe('how far logs are compacted', () => {
  it('is saved by the broker after each compaction, and known again', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const log = await filled(manager);
    manager.start();
    machine.time.pass(BACKOFF_MS);
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(await readLines(log)).toHaveLength(1);
    const end = log.segmentBaseOffsets.at(-1);
    expect(await machine.text()).toBe(`0\n1\nt 0 ${String(end)}\n`);
    expect(manager.cleaner?.dirtiestRatio).toBeGreaterThanOrEqual(0);
    await manager.stop();
    const again = await machine.open();
    expect(again.get('t', 0)?.compaction.cleanedOffset).toBe(end);
    await again.deleteLog('t', 0);
    await again.stop();
    expect(await machine.text()).toBe('0\n0\n');
    expect(machine.fileSystem.openCount).toBe(0);
  });

  it('is not believed where the log does not reach so far, or the file is damaged', async () => {
    for (const text of ['0\n1\nt 0 5000\n', 'nonsense']) {
      const machine = new Machine();
      await machine.write(text);
      const manager = await machine.open();
      const log = await filled(manager);
      expect(await manager.cleaner?.cleanNext()).toBe(true);
      expect(await readLines(log)).toHaveLength(1);
      await manager.stop();
      expect(machine.fileSystem.openCount).toBe(0);
    }
  });

  it('goes back with a log that is truncated', async () => {
    const machine = new Machine();
    const manager = await machine.open();
    const log = await filled(manager);
    await manager.cleaner?.cleanNext();
    await log.truncateTo(5);
    expect(log.compaction.cleanedOffset).toBeLessThanOrEqual(5);
    await manager.stop();
  });
});
