import { describe, expect, it } from '@jest/globals';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { gzipWrapper, oldMessage } from '../../../support/old-messages.ts';
import { batchOf, LogFixture, readAll } from '../log-fixture.ts';

const FIRST = '00000000000000000000.log';
const SECOND = '00000000000000000020.log';

function zeros(from: number, to: number): readonly Buffer[] {
  return Array.from({ length: to - from }, (_, index) =>
    oldMessage({ magic: 0, offset: from + index, key: `k${String(from + index)}`, value: 'v0' }),
  );
}

/** Offsets from `from` to `to`, each with the time 1000 + 10 * offset. */
function ones(from: number, to: number): readonly Parameters<typeof oldMessage>[0][] {
  return Array.from({ length: to - from }, (_, index) => ({
    magic: 1 as const,
    offset: from + index,
    timestampMs: 1000 + 10 * (from + index),
    value: `v${String(from + index)}`,
  }));
}

/** Format 0 up to 10, then format 1: plain up to 15, a wrapper up to 20, and another one in the next. */
const first = Buffer.concat([
  ...zeros(0, 10),
  ...ones(10, 15).map(oldMessage),
  gzipWrapper(ones(15, 20)),
]);
const second = Buffer.concat([gzipWrapper(ones(20, 25)), ...ones(25, 30).map(oldMessage)]);

async function takenOver(): Promise<LogFixture> {
  const fixture = new LogFixture();
  await fixture.write(FIRST, first);
  await fixture.write(SECOND, second);
  return fixture;
}

async function fetchAt(log: PartitionLog, offset: number): Promise<Buffer> {
  return readAll(log, { from: offset, maxBytes: 1_000_000 });
}

/** What a log gives from an offset on, as one fetch of everything in its segment. */
async function fetchOnce(log: PartitionLog, offset: number): Promise<Buffer> {
  const upperBound = log.writtenEndOffset;
  const { payload } = await log.read({
    offset,
    maxBytes: 1_000_000,
    minOneBatch: true,
    upperBound,
  });
  const [span] = payload;
  if (span === undefined || Buffer.isBuffer(span)) return Buffer.alloc(0);
  const bytes = await span.read();
  span.release();
  return bytes;
}

describe('segments of the message formats 0 and 1', () => {
  it('are recovered, indexed, and served as they are', async () => {
    const fixture = await takenOver();
    const log = await fixture.open();
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 30]);
    expect(await fetchOnce(log, 0)).toEqual(first);
    expect(await fetchOnce(log, 17)).toEqual(gzipWrapper(ones(15, 20)));
    expect(await fetchOnce(log, 20)).toEqual(second);
    expect((await fixture.read('00000000000000000000.index')).length).toBeGreaterThan(0);
    await log.close();
    const again = await fixture.open({}, { isClean: true, recoveryPoint: 30 });
    expect(await fetchOnce(again, 0)).toEqual(first);
    await again.close();
  });

  it('are looked up by time, where they have one', async () => {
    const log = await (await takenOver()).open();
    expect(await log.offsetForTimestamp(0)).toMatchObject({ offset: 10, timestampMs: 1100 });
    expect(await log.offsetForTimestamp(1175)).toMatchObject({ offset: 18, timestampMs: 1180 });
    expect(await log.offsetForTimestamp(1230)).toMatchObject({ offset: 23, leaderEpoch: -1 });
    expect(await log.offsetForTimestamp(1291)).toBeNull();
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 29 });
    await log.close();
  });

  it('are appended to in format 2, in the same segment', async () => {
    const fixture = await takenOver();
    const log = await fixture.open();
    const batch = batchOf({ count: 3 });
    const result = log.append(batch, { leaderEpoch: 4 });
    await result.written;
    expect(result.baseOffset).toBe(30);
    expect(await fetchAt(log, 30)).toEqual(batch.buffer);
    expect(await fixture.read(SECOND)).toEqual(Buffer.concat([second, batch.buffer]));
    await fixture.crash(true);
    const again = await fixture.open();
    expect([again.logEndOffset, again.latestEpoch, again.epochOf(29)]).toEqual([33, 4, -1]);
    await again.close();
  });

  it('end at a message with a wrong checksum, a torn one, or zeros', async () => {
    const tails = [
      { ...damaged(), end: 25 },
      { bytes: second.subarray(0, second.length - 3), end: 29 },
      { bytes: Buffer.concat([second, Buffer.alloc(100)]), end: 30 },
    ];
    for (const { bytes, end } of tails) {
      const fixture = await takenOver();
      await fixture.write(SECOND, bytes);
      const log = await fixture.open();
      expect(log.logEndOffset).toBe(end);
      expect(bytes.indexOf(await fixture.read(SECOND))).toBe(0);
      await log.close();
    }
  });

  it('lose a wrapper as a whole when they are cut within it, and end before it', async () => {
    for (const offset of [16, 17, 19]) {
      const log = await (await takenOver()).open();
      await log.truncateTo(offset);
      expect(log.logEndOffset).toBe(15);
      await log.close();
    }
  });

  it('go by retention: by time where their messages have one', async () => {
    const fixture = await takenOver();
    const log = await fixture.open({ retentionMs: 1000 });
    const nowMs = 1000 + 10 * 19 + 1001;
    expect(await log.deleteOldSegments({ nowMs, highWatermark: 30 })).toBe(1);
    expect(log.logStartOffset).toBe(20);
    await log.close();
  });
});

/** The first plain message of the second segment has another value than its checksum says. */
function damaged(): { readonly bytes: Buffer } {
  const bytes = Buffer.from(second);
  const position = gzipWrapper(ones(20, 25)).length + 36;
  bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
  return { bytes };
}
