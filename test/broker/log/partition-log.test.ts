import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { releasePayload } from '../../../broker/model/payload.ts';
import { batchOf, FOLDER, LogFixture, readAll } from './log-fixture.ts';

const EPOCH = { leaderEpoch: 3 };
const read = (offset: number) => ({
  offset,
  maxBytes: 1000,
  minOneBatch: true,
  upperBound: Infinity,
});

describe('PartitionLog', () => {
  it('gives consecutive offsets to what is appended in one turn, and writes it together', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const ends: number[] = [];
    log.onWritten = (end) => ends.push(end);
    const first = log.append(batchOf({ count: 3 }), EPOCH);
    const second = log.append(batchOf({ count: 2 }), EPOCH);
    expect([first.baseOffset, first.lastOffset]).toEqual([0, 2]);
    expect([second.baseOffset, second.lastOffset]).toEqual([3, 4]);
    expect(first.written).toBe(second.written);
    expect(log.logEndOffset).toBe(5);
    expect(log.writtenEndOffset).toBe(0);
    await first.written;
    expect(log.writtenEndOffset).toBe(5);
    expect(ends).toEqual([5]);
    expect(log.latestEpoch).toBe(3);
    await log.close();
    expect(fixture.fileSystem.openCount).toBe(0);
  });

  it('reads at once near the end, from any offset, and cuts at the upper bound', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const batches = [batchOf({ count: 3 }), batchOf({ count: 2 }), batchOf({ count: 4 })];
    for (const batch of batches) log.append(batch, EPOCH);
    await log.append(batchOf({}), EPOCH).written;
    const result = log.read({ offset: 4, maxBytes: 1e6, minOneBatch: false, upperBound: 9 });
    expect(result).not.toBeInstanceOf(Promise);
    const got = await result;
    expect(got.firstBatchBaseOffset).toBe(3);
    const [span] = got.payload;
    const bytes = span === undefined || Buffer.isBuffer(span) ? null : await span.read();
    expect(bytes).toEqual(Buffer.concat(batches.slice(1).map(({ buffer }) => buffer)));
    releasePayload(got.payload);
    const cut = await log.read({ offset: 4, maxBytes: 70, minOneBatch: false, upperBound: 9 });
    expect(cut.payload).toEqual([]);
    const whole = await log.read({ offset: 4, maxBytes: 70, minOneBatch: true, upperBound: 9 });
    expect(whole.size).toBe(batches[1]?.buffer.length);
    releasePayload(whole.payload);
    await log.close();
  });

  it('refuses offsets outside of the log', async () => {
    const log = await new LogFixture().open();
    await log.append(batchOf({}), EPOCH).written;
    expect(() => log.read(read(2))).toThrow('outside');
    expect(() => log.read(read(-1))).toThrow('outside');
    expect(await log.read(read(1))).toMatchObject({ payload: [], size: 0 });
    await log.close();
  });

  it('rolls by size without splitting a set, and names the new segment by its first offset', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 400 });
    const size = batchOf({ count: 5 }).buffer.length;
    for (let count = 0; count < 6; count += 1) log.append(batchOf({ count: 5 }), EPOCH);
    await log.append(batchOf({ count: 5 }), EPOCH).written;
    const perSegment = Math.floor(400 / size);
    expect(log.segmentBaseOffsets[1]).toBe(5 * perSegment);
    expect((await readAll(log)).length).toBe(7 * size);
    await log.close();
    const files = await fixture.files();
    expect(files.get('00000000000000000000.log')).toBe(perSegment * size);
    expect(() => log.append(batchOf({ size: 500 }), EPOCH)).toThrow('closed');
  });

  it('completes the indexes of a segment that was flushed before it was sealed', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 400, segmentIndexBytes: 1000 });
    await log.append(batchOf({ size: 100, timestampMs: 7 }), EPOCH).written;
    await log.flush();
    expect((await fixture.files()).get('00000000000000000000.timeindex')).toBe(996);
    await log.append(batchOf({ size: 300 }), EPOCH).written;
    await log.close();
    expect(await fixture.read('00000000000000000000.index')).toEqual(Buffer.alloc(0));
    expect(await fixture.read('00000000000000000000.timeindex')).toEqual(
      Buffer.from('0000000000000007' + '00000000', 'hex'),
    );
  });

  it('refuses a set that is larger than a segment', async () => {
    const log = await new LogFixture().open({ segmentBytes: 400 });
    expect(() => log.append(batchOf({ size: 500 }), EPOCH)).toThrow('segment.bytes');
    await log.close();
  });

  it('rolls by the time between records', async () => {
    const log = await new LogFixture().open({ segmentMs: 1000 });
    log.append(batchOf({ timestampMs: 5000 }), EPOCH);
    log.append(batchOf({ timestampMs: 6000 }), EPOCH);
    await log.append(batchOf({ timestampMs: 6001 }), EPOCH).written;
    expect(log.segmentBaseOffsets).toEqual([0, 2]);
    await log.close();
  });

  it('rolls when the index is full', async () => {
    const log = await new LogFixture().open({ segmentIndexBytes: 36, indexIntervalBytes: 0 });
    for (let count = 0; count < 6; count += 1) {
      log.append(batchOf({ timestampMs: count + 1 }), EPOCH);
    }
    await log.append(batchOf({ timestampMs: 10 }), EPOCH).written;
    expect(log.segmentBaseOffsets).toEqual([0, 3, 6]);
    await log.close();
  });

  it('finds offsets by time in any segment, and the largest timestamp', async () => {
    const log = await new LogFixture().open({ segmentBytes: 500 });
    for (let count = 0; count < 20; count += 1) {
      await log.append(batchOf({ count: 3, timestampMs: 1000 + count * 10 }), EPOCH).written;
    }
    expect(log.segmentBaseOffsets.length).toBeGreaterThan(2);
    expect(await log.offsetForTimestamp(0)).toMatchObject({ offset: 0, timestampMs: 1000 });
    expect(await log.offsetForTimestamp(1051)).toEqual({
      offset: 16,
      timestampMs: 1051,
      leaderEpoch: 3,
    });
    expect(await log.offsetForTimestamp(1053)).toMatchObject({ offset: 18, timestampMs: 1060 });
    expect(await log.offsetForTimestamp(1193)).toBeNull();
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 59, timestampMs: 1192 });
    await log.close();
  });

  it('fails what waits when a write fails, cuts the file back, and goes on', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await log.append(batchOf({ tag: 'a' }), EPOCH).written;
    fixture.fileSystem.failNext('write', 'EIO', `${FOLDER}/00000000000000000000.log`);
    const lost = log.append(batchOf({ tag: 'b' }), EPOCH);
    await expect(lost.written).rejects.toMatchObject({ code: ErrorCodes.KAFKA_STORAGE_ERROR });
    await log.flush();
    expect(log.logEndOffset).toBe(1);
    const again = log.append(batchOf({ tag: 'c' }), EPOCH);
    expect(again.baseOffset).toBe(1);
    await again.written;
    const bytes = await readAll(log);
    expect(bytes.includes('a0')).toBe(true);
    expect(bytes.includes('b0')).toBe(false);
    expect(bytes.includes('c0')).toBe(true);
    await log.close();
  });

  it('acknowledges nothing that a full disk did not take, and goes on when there is room', async () => {
    const fixture = new LogFixture();
    fixture.fileSystem.slowWrites = true;
    const log = await fixture.open({ segmentBytes: 1000 });
    await log.append(batchOf({ size: 300 }), EPOCH).written;
    await log.flush();
    fixture.fileSystem.capacity = fixture.fileSystem.usedSize + 100;
    const lost = [0, 1, 2, 3].map(() => log.append(batchOf({ size: 300 }), EPOCH).written);
    for (const written of lost) {
      await expect(written).rejects.toMatchObject({ code: ErrorCodes.KAFKA_STORAGE_ERROR });
    }
    fixture.fileSystem.capacity = Infinity;
    await log.flush();
    expect(log.writtenEndOffset).toBe(1);
    expect(log.segmentBaseOffsets).toEqual([0]);
    await log.append(batchOf({ size: 300 }), EPOCH).written;
    await log.close();
    const reopened = await fixture.open({}, { isClean: true, recoveryPoint: log.recoveryPoint });
    expect(reopened.logEndOffset).toBe(2);
    await reopened.close();
  });

  it('keeps a span valid while its segment is deleted', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 200, retentionMs: 1000 });
    const first = batchOf({ tag: 'first', size: 80, timestampMs: fixture.time.ms });
    await log.append(first, EPOCH).written;
    await log.append(batchOf({ size: 80, timestampMs: fixture.time.ms + 5000 }), EPOCH).written;
    const got = await log.read(read(0));
    const [span] = got.payload;
    if (span === undefined || Buffer.isBuffer(span)) throw new Error('a span was expected');
    const nowMs = fixture.time.ms + 2000;
    expect(await log.deleteOldSegments({ nowMs, highWatermark: 2 })).toBe(1);
    expect([...(await fixture.files()).keys()]).toContain('00000000000000000000.log.deleted');
    fixture.time.pass(1000);
    await log.flush();
    expect([...(await fixture.files()).keys()].join()).not.toContain('deleted');
    expect(await span.read()).toEqual(first.buffer);
    span.release();
    expect(() => log.read(read(0))).toThrow('outside');
    await log.close();
    expect(fixture.fileSystem.openCount).toBe(0);
  });

  it('truncates to an offset within a segment, and appends there again', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 300 });
    for (let count = 0; count < 10; count += 1) {
      await log.append(batchOf({ count: 2, tag: `old${String(count)}` }), { leaderEpoch: count })
        .written;
    }
    await log.truncateTo(8);
    expect(log.logEndOffset).toBe(8);
    expect(log.latestEpoch).toBe(3);
    expect(log.endOffsetForEpoch(3)).toEqual({ epoch: 3, endOffset: 8 });
    expect(log.append(batchOf({ tag: 'new' }), { leaderEpoch: 20 }).baseOffset).toBe(8);
    await log.flush();
    const bytes = await readAll(log);
    expect(bytes.includes('old3')).toBe(true);
    expect(bytes.includes('old4')).toBe(false);
    await log.truncateFullyAndStartAt(100);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([100, 100]);
    await log.append(batchOf({}), { leaderEpoch: 21 }).written;
    await log.close();
    const reopened = await fixture.open();
    expect([reopened.logStartOffset, reopened.logEndOffset]).toEqual([100, 101]);
    await reopened.close();
  });

  it('takes a follower batch at its own offset only behind the end', async () => {
    const log = await new LogFixture().open();
    const leader = await new LogFixture().open();
    const batch = batchOf({ count: 2 });
    await leader.append(batch, { leaderEpoch: 5 }).written;
    const header = batch.headers[0];
    if (header === undefined) throw new Error('a header was expected');
    const at = (baseOffset: number) => ({ ...header, baseOffset, lastOffset: baseOffset + 1 });
    await log.appendAsFollower({ buffer: batch.buffer, headers: [at(0)] }).written;
    expect(() => log.appendAsFollower({ buffer: batch.buffer, headers: [at(1)] })).toThrow(
      'offset 1',
    );
    expect(log.logEndOffset).toBe(2);
    await log.close();
    await leader.close();
  });

  it('flushes before it acknowledges where flush.messages says so', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ flushMessages: 2 });
    await log.append(batchOf({}), EPOCH).written;
    expect(log.recoveryPoint).toBe(0);
    await log.append(batchOf({}), EPOCH).written;
    expect(log.recoveryPoint).toBe(2);
    await log.close();
  });
});
