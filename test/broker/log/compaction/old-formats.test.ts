import { describe, expect, it } from '@jest/globals';
import { gzipWrapper, oldMessage } from '../../../support/old-messages.ts';
import { readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { LogFixture } from '../log-fixture.ts';
import { append, compact, compacted, keyedBatch, roll, START_MS } from './compaction-fixture.ts';

const DAY_MS = 86_400_000;

/** A log that was taken over: a segment of old messages, then others of format 2. */
async function takenOver(messages: readonly Buffer[], endOffset: number) {
  const fixture = new LogFixture();
  await fixture.write('00000000000000000000.log', Buffer.concat(messages));
  await fixture.write(`${String(endOffset).padStart(20, '0')}.log`, Buffer.alloc(0));
  const log = await fixture.open({ ...compacted, deleteRetentionMs: DAY_MS });
  expect(log.logEndOffset).toBe(endOffset);
  return { fixture, log };
}

const plain = (offset: number, key: string | null, value: string | null) =>
  oldMessage({ magic: 1, offset, timestampMs: START_MS, key, value });

describe('compaction of old formats', () => {
  it('drops and keeps messages by their keys', async () => {
    const kept = [plain(1, 'a', '2'), plain(3, 'c', '1')];
    const messages = [
      plain(0, 'a', '1'),
      ...kept.slice(0, 1),
      plain(2, null, 'x'),
      ...kept.slice(1),
    ];
    const { fixture, log } = await takenOver([...messages, plain(4, 'b', 'old')], 5);
    await append(log, await keyedBatch([{ key: 'b', value: 'new' }]));
    await roll(log);
    const output = await compact(log);
    expect(output).toMatchObject({ invalidRecordCount: 1 });
    const expected = Buffer.concat(kept);
    const file = await fixture.read('00000000000000000000.log');
    expect(file.subarray(0, expected.length)).toEqual(expected);
    // The next segment has joined it.
    expect(readBatchHeader(file, expected.length).baseOffset).toBe(5);
    await log.close();
  });

  it('keeps a compressed set as long as one of its messages is needed, and tombstones with it', async () => {
    const set = gzipWrapper([
      { magic: 1, offset: 0, timestampMs: START_MS, key: 'a', value: '1' },
      { magic: 1, offset: 1, timestampMs: START_MS, key: 'b', value: '1' },
    ]);
    const gone = gzipWrapper([
      { magic: 1, offset: 2, timestampMs: START_MS, key: 'a', value: '2' },
      { magic: 1, offset: 3, timestampMs: START_MS, key: 'a', value: '3' },
    ]);
    const { fixture, log } = await takenOver([set, gone], 4);
    await append(log, await keyedBatch([{ key: 'a', value: null }]));
    await roll(log);
    for (const nowMs of [START_MS, START_MS + DAY_MS, START_MS + 2 * DAY_MS]) {
      await compact(log, { nowMs });
      await roll(log);
    }
    expect((await fixture.read('00000000000000000000.log')).subarray(0, set.length)).toEqual(set);
    const read = await log.read({
      offset: 4,
      maxBytes: 100,
      minOneBatch: true,
      upperBound: log.logEndOffset,
    });
    expect(read.firstBatchBaseOffset).toBe(4);
    for (const span of read.payload) if (!Buffer.isBuffer(span)) span.release();
    await log.close();
  });
});
