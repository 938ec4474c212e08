import { describe, expect, it } from '@jest/globals';
import type { LogManager, LogManagerOptions } from '../../../../broker/log/log-manager.ts';
import type { LoadProgress } from '../../../../broker/log/recovery/load-progress.ts';
import type { Workers } from '../../../../broker/platform/workers.ts';
import { InlineWorkers } from '../../../support/sim/inline-workers.ts';
import { batchOf, defaultConfig } from '../log-fixture.ts';
import { LogMachine, makeLog } from '../log-machine.ts';

const MIB = 1 << 20;

/** Nothing goes by a timer but what is said of the progress. */
class Machine extends LogMachine {
  readonly workers: InlineWorkers;

  constructor() {
    super({
      logDirs: ['/d1', '/d2'],
      configOf: () => ({ ...defaultConfig, segmentBytes: 64 * MIB, segmentIndexBytes: MIB }),
      retentionCheckIntervalMs: Infinity,
      recoveryPointCheckpointIntervalMs: Infinity,
      highWatermarkCheckpointIntervalMs: Infinity,
      producerIdExpirationCheckIntervalMs: Infinity,
    });
    const { fileSystem, time: clock, logger } = this;
    this.workers = new InlineWorkers({ fileSystem, clock, timers: clock.timers, logger });
  }

  override open(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
    return super.open({ workers: this.workers, ...options });
  }

  /** A broker that had so many MiB in each partition of `t`, and was killed. */
  async killedWith(sizes: readonly number[]): Promise<void> {
    const manager = await this.open();
    for (const [partition, size] of sizes.entries()) {
      const log = await makeLog(manager, 't', partition);
      for (let part = 0; part < size; part += 0.5) {
        const batch = batchOf({ size: Math.min(size, 0.5) * MIB });
        await log.append(batch, { leaderEpoch: 0 }).written;
      }
      // Nothing goes on behind its back; the checkpoint does not know of it.
      await log.flush();
    }
    this.fileSystem.crash({ keepUnsynced: true });
    this.logger.lines.length = 0;
  }
}

describe('logs of a broker that was killed', () => {
  it('are recovered in worker threads if they are large, the largest first, and told how far', async () => {
    const machine = new Machine();
    await machine.killedWith([2, 0.001, 6, 3]);
    const inputs: unknown[] = [];
    const workers: Workers = {
      run: (job, input, options) => {
        inputs.push(input);
        return machine.workers.run(job, input, options);
      },
      close: () => machine.workers.close(),
    };
    const progress: LoadProgress[] = [];
    const manager = await machine.open({ workers, onProgress: (now) => progress.push(now) });
    expect([...manager.logs()].map(({ logEndOffset }) => logEndOffset).sort()).toEqual([
      1, 12, 4, 6,
    ]);
    expect(inputs).toMatchObject([
      { folder: expect.stringContaining('t-2') },
      { folder: expect.stringContaining('t-3') },
      { folder: expect.stringContaining('t-0') },
    ]);
    const last = progress.at(-1);
    expect(last).toMatchObject({ loadedCount: 4, totalCount: 4 });
    expect(last?.bytesToVerify).toBeGreaterThan(11 * MIB);
    expect(last?.verifiedBytes).toBe(last?.bytesToVerify);
    const verified = progress.map(({ verifiedBytes }) => verifiedBytes);
    expect(verified).toEqual(verified.toSorted((one, other) => one - other));
    const [line] = machine.logger.withMessage('recovery is done');
    expect(line?.fields).toMatchObject({ partitions: 4, bytes: last?.bytesToVerify });
    await manager.stop();
  });

  it('are not read again after a clean stop', async () => {
    const machine = new Machine();
    await machine.killedWith([2, 3]);
    await (await machine.open()).stop();
    machine.workers.ran.length = 0;
    const progress: LoadProgress[] = [];
    await (await machine.open({ onProgress: (now) => progress.push(now) })).stop();
    expect(machine.workers.ran).toEqual([]);
    expect(progress.every(({ bytesToVerify }) => bytesToVerify === 0)).toBe(true);
  });

  it('can be left in the middle of it: nothing is called clean, and the next start does it all', async () => {
    const machine = new Machine();
    await machine.killedWith([4, 3, 2, 2, 2]);
    const stopping = new AbortController();
    const reason = new Error('the broker stops');
    const workers: Workers = {
      run: (job, input, options) => {
        const result = machine.workers.run(job, input, options);
        stopping.abort(reason);
        return result;
      },
      close: () => machine.workers.close(),
    };
    await expect(machine.open({ workers, signal: stopping.signal })).rejects.toBe(reason);
    expect(machine.logger.alarms).toEqual([]);
    expect(machine.fileSystem.openCount).toBe(0);
    expect(await machine.fileSystem.stat('/d1/.kafka_cleanshutdown')).toBeNull();
    const manager = await machine.open();
    expect([...manager.logs()].map(({ logEndOffset }) => logEndOffset).sort()).toEqual([
      4, 4, 4, 6, 8,
    ]);
    await manager.stop();
    expect(await machine.fileSystem.stat('/d1/.kafka_cleanshutdown')).not.toBeNull();
  });

  it('say in the log every few seconds how far they are', async () => {
    const machine = new Machine();
    await machine.killedWith([2]);
    const workers: Workers = {
      run: async (job, input, options) => {
        machine.time.pass(11_000);
        return machine.workers.run(job, input, options);
      },
      close: () => machine.workers.close(),
    };
    const manager = await machine.open({ workers });
    machine.time.pass(60_000);
    const lines = machine.logger.withMessage('loading the logs');
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { loadedCount: 0, totalCount: 1, verifiedBytes: 0 },
      { loadedCount: 0, totalCount: 1, verifiedBytes: 0 },
    ]);
    await manager.stop();
  });

  it('that cannot be recovered keep no other from being loaded', async () => {
    const machine = new Machine();
    await machine.killedWith([2, 3, 2]);
    const workers: Workers = {
      run: (job, input, options) => {
        if (JSON.stringify(input).includes('t-1')) {
          return Promise.reject(new Error('the worker thread died'));
        }
        return machine.workers.run(job, input, options);
      },
      close: () => machine.workers.close(),
    };
    const manager = await machine.open({ workers });
    expect([...manager.logs()].map(({ partition }) => partition).sort()).toEqual([0, 2]);
    await manager.stop();
    const again = await machine.open();
    expect(again.get('t', 1)?.logEndOffset).toBe(6);
    await again.stop();
  });
});
