import { describe, expect, it } from '@jest/globals';
import type { LogManager } from '../../../../broker/log/log-manager.ts';
import { settled } from '../../../support/manual-time.ts';
import { defaultConfig } from '../log-fixture.ts';
import { LogMachine, makeLog } from '../log-machine.ts';
import { append, compacted, keyedBatch, limits, readLines, roll } from './compaction-fixture.ts';

const CHECKPOINT = '/d1/cleaner-offset-checkpoint';
const BACKOFF_MS = 1000;

/** Compaction alone goes by a timer. */
function makeMachine(): LogMachine {
  return new LogMachine({
    configOf: () => ({ ...defaultConfig, ...compacted, minCleanableDirtyRatio: 0.5 }),
    compaction: () => ({ ...limits, isEnabled: true, backoffMs: BACKOFF_MS }),
    retentionCheckIntervalMs: Infinity,
    recoveryPointCheckpointIntervalMs: Infinity,
    highWatermarkCheckpointIntervalMs: Infinity,
    producerIdExpirationCheckIntervalMs: Infinity,
  });
}

async function filled(manager: LogManager) {
  const log = await makeLog(manager, 't');
  for (let value = 0; value < 20; value += 1) {
    await append(log, await keyedBatch([{ key: 'a', value: String(value) }]));
  }
  await roll(log);
  manager.setHighWatermarks(({ writtenEndOffset }) => writtenEndOffset);
  return log;
}

describe('how far logs are compacted', () => {
  it('is saved by the broker after each compaction, and known again', async () => {
    const machine = makeMachine();
    const manager = await machine.open();
    const log = await filled(manager);
    manager.start();
    machine.time.pass(BACKOFF_MS);
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(await readLines(log)).toHaveLength(1);
    const end = log.segmentBaseOffsets.at(-1);
    expect(await machine.text(CHECKPOINT)).toBe(`0\n1\nt 0 ${String(end)}\n`);
    expect(manager.cleaner?.dirtiestRatio).toBeGreaterThanOrEqual(0);
    await manager.stop();
    const again = await machine.open();
    expect(again.get('t', 0)?.compaction.cleanedOffset).toBe(end);
    await again.deleteLog('t', 0);
    await again.stop();
    expect(await machine.text(CHECKPOINT)).toBe('0\n0\n');
    expect(machine.fileSystem.openCount).toBe(0);
  });

  it('is not believed where the log does not reach so far, or the file is damaged', async () => {
    for (const text of ['0\n1\nt 0 5000\n', 'nonsense']) {
      const machine = makeMachine();
      await machine.fileSystem.makeFolder('/d1');
      await machine.write(CHECKPOINT, text);
      const manager = await machine.open();
      const log = await filled(manager);
      expect(await manager.cleaner?.cleanNext()).toBe(true);
      expect(await readLines(log)).toHaveLength(1);
      await manager.stop();
      expect(machine.fileSystem.openCount).toBe(0);
    }
  });

  it('goes back with a log that is truncated', async () => {
    const machine = makeMachine();
    const manager = await machine.open();
    const log = await filled(manager);
    await manager.cleaner?.cleanNext();
    await log.truncateTo(5);
    expect(log.compaction.cleanedOffset).toBeLessThanOrEqual(5);
    await manager.stop();
  });
});
