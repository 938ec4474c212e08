import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { batchOf, LogFixture, readAll, seededRandom } from '../log-fixture.ts';

const CONFIG = { preallocate: true, segmentBytes: 1000 };
const BATCH_SIZE = batchOf({ size: 200 }).buffer.length;

const append = (log: PartitionLog): Promise<void> =>
  log.append(batchOf({ size: 200 }), { leaderEpoch: 0 }).written;

/** Sizes of the `.log` files, in order. */
async function logSizes(fixture: LogFixture): Promise<readonly number[]> {
  const files = [...(await fixture.files())].filter(([name]) => name.endsWith('.log'));
  return files.map(([, size]) => size);
}

describe('with preallocate=true', () => {
  it('the active segment has its full size, and those before it, or after a stop, what they hold', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open(CONFIG);
    await append(log);
    expect(await logSizes(fixture)).toEqual([1000]);
    expect((await readAll(log)).length).toBe(BATCH_SIZE);
    expect(log.size).toBe(BATCH_SIZE);
    for (let count = 0; count < 4; count += 1) await append(log);
    expect(await logSizes(fixture)).toEqual([3 * BATCH_SIZE, 1000]);
    await log.flush();
    await log.close();
    expect(await logSizes(fixture)).toEqual([3 * BATCH_SIZE, 2 * BATCH_SIZE]);
    const again = await fixture.open(CONFIG, { isClean: true });
    expect(again.logEndOffset).toBe(5);
    await append(again);
    expect((await readAll(again)).length).toBe(6 * BATCH_SIZE);
    await again.close();
  });

  it('a kill leaves zeros, which recovery cuts off, and every record', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open(CONFIG);
    for (let count = 0; count < 5; count += 1) await append(log);
    await fixture.crash(true);
    expect(await logSizes(fixture)).toEqual([3 * BATCH_SIZE, 1000]);
    const again = await fixture.open(CONFIG);
    expect(again.logEndOffset).toBe(5);
    expect(await logSizes(fixture)).toEqual([3 * BATCH_SIZE, 2 * BATCH_SIZE]);
    await append(again);
    expect((await readAll(again)).length).toBe(6 * BATCH_SIZE);
    await again.close();
  });

  it('a segment is cut to what it holds although it was synced before, so that a loss of power shows no zeros', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open(CONFIG);
    for (let count = 0; count < 3; count += 1) await append(log);
    await log.flush();
    await append(log);
    await log.flush();
    const { recoveryPoint } = log;
    await fixture.crash(false);
    expect(recoveryPoint).toBe(4);
    expect((await logSizes(fixture))[0]).toBe(3 * BATCH_SIZE);
    const again = await fixture.open(CONFIG, { recoveryPoint });
    expect(again.logEndOffset).toBe(4);
    await again.close();
  });

  it('a change of the configuration, a truncation or a failed write cuts off nothing that is written', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open(CONFIG);
    await append(log);
    log.updateConfig({ ...log.config, segmentBytes: 2000, preallocate: false });
    for (let count = 0; count < 5; count += 1) await append(log);
    expect(await logSizes(fixture)).toEqual([6 * BATCH_SIZE]);
    log.updateConfig({ ...log.config, preallocate: true });
    for (let count = 0; count < 3; count += 1) await append(log);
    expect(await logSizes(fixture)).toEqual([7 * BATCH_SIZE, 2000]);
    await log.truncateTo(8);
    expect(await logSizes(fixture)).toEqual([7 * BATCH_SIZE, BATCH_SIZE]);
    await append(log);
    fixture.fileSystem.failNext('write', 'ENOSPC');
    await expect(append(log)).rejects.toThrow('cannot be written');
    await log.close();
    expect(await logSizes(fixture)).toEqual([7 * BATCH_SIZE, 2 * BATCH_SIZE]);
  });

  it('nothing is lost but what was not synced, wherever it crashes', async () => {
    const step = fc.record({
      appends: fc.integer({ min: 1, max: 6 }),
      flush: fc.boolean(),
      crash: fc.constantFrom('none', 'kill', 'power', 'luck'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.integer({ min: 1 }),
        async (steps, seed) => {
          const fixture = new LogFixture();
          const luck = seededRandom(seed);
          let log = await fixture.open(CONFIG);
          for (const { appends, flush, crash } of steps) {
            const pending: Promise<void>[] = [];
            for (let count = 0; count < appends; count += 1) pending.push(append(log));
            await Promise.all(pending);
            if (flush) await log.flush();
            const { writtenEndOffset, recoveryPoint } = log;
            if (crash === 'none') continue;
            await fixture.crash(crash === 'luck' ? luck : crash === 'kill');
            log = await fixture.open(CONFIG, { recoveryPoint });
            const kept = crash === 'kill' ? writtenEndOffset : recoveryPoint;
            expect(log.logEndOffset).toBeGreaterThanOrEqual(kept);
            expect((await readAll(log)).length).toBe(log.logEndOffset * BATCH_SIZE);
          }
          await log.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
