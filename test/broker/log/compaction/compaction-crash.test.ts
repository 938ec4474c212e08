import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { FOLDER, LogFixture, seededRandom } from '../log-fixture.ts';
import {
  append,
  compact,
  compacted,
  keyedBatch,
  markerBatch,
  readBatches,
  readLines,
  roll,
} from './compaction-fixture.ts';
import { stopAt } from './stop-at.ts';

const CONFIG = { ...compacted, segmentBytes: 2000 };

/** Several segments that become fewer, with a transaction that was aborted. */
async function filledLog(fixture: LogFixture): Promise<PartitionLog> {
  const log = await fixture.open(CONFIG);
  const producer = { id: 9, epoch: 0 };
  for (let round = 0; round < 3; round += 1) {
    const records = ['a', 'b', `c${String(round)}`].map((key) => ({
      key,
      value: `v${String(round)}`,
    }));
    await append(log, await keyedBatch(records));
    if (round === 1) {
      const aborted = [{ key: 'a', value: 'aborted' }];
      const content = { producer: { ...producer, baseSequence: 0 }, isTransactional: true };
      await append(log, await keyedBatch(aborted, content));
      await append(log, markerBatch(producer, 0));
    }
    await roll(log);
  }
  return log;
}

/** Twice, as what fits together is known when it is small. */
async function compactTwice(log: PartitionLog): Promise<void> {
  await compact(log);
  await append(log, await keyedBatch([{ key: 'b', value: 'late' }]));
  await roll(log);
  await compact(log);
}

async function latestOf(log: PartitionLog): Promise<ReadonlyMap<string, string>> {
  const lines = await readLines(log);
  return new Map(
    lines
      .filter((line) => !line.endsWith('=aborted'))
      .map((line) => [line.slice(line.indexOf(' ') + 1).split('=')[0] ?? '', line]),
  );
}

async function undisturbed(): Promise<readonly string[]> {
  const fixture = new LogFixture();
  const log = await filledLog(fixture);
  await compactTwice(log);
  const lines = await readLines(log);
  await log.close();
  return lines;
}

async function checkFolder(fixture: LogFixture): Promise<void> {
  const names = [...(await fixture.files()).keys()];
  expect(names.filter((name) => /\.(swap|cleaned)$/.test(name))).toEqual([]);
}

/** Dies at that change. True: it came to its end before. */
async function checkStop(
  number: number,
  mode: 'kill' | 'power' | 'luck',
  expected: readonly string[],
): Promise<boolean> {
  const fixture = new LogFixture();
  const log = await filledLog(fixture);
  const before = await latestOf(log);
  const stop = stopAt(fixture, number);
  const isDone = await compactTwice(log).then(
    () => true,
    () => false,
  );
  stop.disarm();
  if (isDone) {
    await log.close();
    return true;
  }
  const { recoveryPoint } = log;
  await fixture.crash(mode === 'luck' ? seededRandom(number) : mode === 'kill');
  const again = await fixture.open(CONFIG, { recoveryPoint });
  await checkFolder(fixture);
  const after = await latestOf(again);
  for (const [key, line] of before) {
    const found = after.get(key);
    assert(found !== undefined, `${key} is gone after a stop at change ${String(number)}`);
    assert(found === line || key === 'b', `${key}: ${found} in place of ${line}`);
  }
  if (again.logEndOffset === recoveryPoint && after.get('b')?.endsWith('late') !== true) {
    await compactTwice(again);
    assert.deepEqual((await readLines(again)).map(valueOf), expected.map(valueOf));
  }
  const range = { from: 0, upperBound: again.logEndOffset };
  assert((await again.transactions.aborted(range)).length < 2);
  await again.close();
  assert.equal(fixture.fileSystem.openCount, 0);
  return false;
}

describe('a compaction that is cut short', () => {
  it.each(['kill', 'power', 'luck'] as const)(
    'loses nothing (%s), wherever it was',
    async (mode) => {
      const expected = await undisturbed();
      let number = 1;
      while (!(await checkStop(number, mode, expected))) number += mode === 'luck' ? 2 : 1;
      expect(number).toBeGreaterThan(40);
    },
  );

  it.each(['truncate', 'close', 'abandon'] as const)('leaves nothing behind (%s)', async (how) => {
    const fixture = new LogFixture();
    const log = await filledLog(fixture);
    const lines = await readLines(log);
    const compaction = compact(log);
    const failure = compaction.catch((error: unknown) => error);
    for (let tick = 0; tick < 200; tick += 1) await Promise.resolve();
    if (how === 'truncate') await log.truncateTo(log.logEndOffset - 1);
    else await log[how]();
    expect(await failure).toMatchObject({ name: 'CompactionAborted' });
    await checkFolder(fixture);
    expect(log.compaction.cleanedOffset).toBeNull();
    if (how !== 'truncate') return;
    assert.deepEqual(await readLines(log), lines);
    assert.notEqual(await compact(log), null);
    await log.close();
  });

  it('is dropped where retention takes its segments', async () => {
    const fixture = new LogFixture();
    const log = await filledLog(fixture);
    const failure = compact(log).catch((error: unknown) => error);
    for (let tick = 0; tick < 100; tick += 1) await Promise.resolve();
    log.advanceLogStartOffset(log.segmentBaseOffsets[1] ?? 0, log.logEndOffset);
    await log.deleteOldSegments({ nowMs: 0, highWatermark: log.logEndOffset });
    expect(await failure).toMatchObject({ name: 'CompactionAborted' });
    await checkFolder(fixture);
    expect((await readBatches(log))[0]?.header.baseOffset).toBe(log.logStartOffset);
    await log.close();
  });

  it('leaves the log as it was where the result cannot be renamed', async () => {
    for (const suffix of ['.timeindex', '.log']) {
      const fixture = new LogFixture();
      const log = await filledLog(fixture);
      const lines = await readLines(log);
      const path = `${FOLDER}/00000000000000000000${suffix}.cleaned`;
      fixture.fileSystem.failNext('rename', 'EIO', path);
      await expect(compact(log)).rejects.toMatchObject({ code: 'EIO' });
      await checkFolder(fixture);
      expect(log.isBroken).toBe(false);
      expect(await readLines(log)).toEqual(lines);
      expect(await compact(log)).not.toBeNull();
      await log.close();
    }
  });

  it('takes no more records after a rename that failed half-way, and is whole after a restart', async () => {
    const fixture = new LogFixture();
    const log = await filledLog(fixture);
    const before = await latestOf(log);
    fixture.fileSystem.failNext('rename', 'EIO', `${FOLDER}/00000000000000000000.index`);
    await expect(compact(log)).rejects.toMatchObject({ code: 'EIO' });
    expect(log.isBroken).toBe(true);
    expect(await latestOf(log)).toEqual(before);
    await expect(log.close()).rejects.toThrow();
    const again = await fixture.open(CONFIG, { recoveryPoint: log.recoveryPoint });
    await checkFolder(fixture);
    expect(await latestOf(again)).toEqual(before);
    await again.close();
  });
});

function valueOf(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}
