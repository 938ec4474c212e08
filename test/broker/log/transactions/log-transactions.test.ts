import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { AppendBatches, PartitionLog } from '../../../../broker/log/partition-log.ts';
import { patchBatch, readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { LogFixture } from '../log-fixture.ts';
import { marker, readCommittedValues, transactionalBatch } from './transaction-fixture.ts';

const CONFIG = { segmentBytes: 600, indexIntervalBytes: 200 };
const refusal = (code: number) => expect.objectContaining({ code });
const send = (log: PartitionLog, id: number, baseSequence: number, value = 'x') =>
  log.append(transactionalBatch({ id, baseSequence }, [value]), { leaderEpoch: 0 });
const end = (log: PartitionLog, id: number, kind: 'commit' | 'abort') =>
  log.append(marker({ id }, kind), { leaderEpoch: 0 });
const indexNames = async (fixture: LogFixture): Promise<readonly string[]> =>
  [...(await fixture.files()).keys()].filter((name) => name.endsWith('.txnindex'));

/** The same batch as a leader hands it to its followers. */
function replicated(batches: AppendBatches, baseOffset: number): AppendBatches {
  patchBatch(batches.buffer, 0, { baseOffset, partitionLeaderEpoch: 0 });
  return { buffer: batches.buffer, headers: [readBatchHeader(batches.buffer, 0)] };
}

describe('the transactions of a log', () => {
  it('are unstable from their first record until their marker is replicated', async () => {
    const { transactions, ...rest } = await opened();
    expect(transactions.firstUnstableOffset).toBeNull();
    send(rest.log, 1, 0);
    send(rest.log, 2, 0);
    expect(transactions.firstUnstableOffset).toBe(0);
    end(rest.log, 1, 'commit');
    expect(transactions.firstUnstableOffset).toBe(0);
    transactions.noteHighWatermark(2);
    expect(transactions.firstUnstableOffset).toBe(0);
    transactions.noteHighWatermark(3);
    expect(transactions.firstUnstableOffset).toBe(1);
    end(rest.log, 2, 'abort');
    transactions.noteHighWatermark(4);
    expect(transactions.firstUnstableOffset).toBeNull();
  });

  it('have no effect when they are ended without records', async () => {
    const { log, fixture, transactions } = await opened();
    await end(log, 5, 'abort').written;
    expect(transactions.firstUnstableOffset).toBeNull();
    await log.flush();
    expect(await indexNames(fixture)).toEqual([]);
  });

  it('are not ended by a coordinator that was replaced, nor by an older epoch of the producer', async () => {
    const { log } = await opened();
    log.append(transactionalBatch({ id: 1, epoch: 3, baseSequence: 0 }, ['x']), { leaderEpoch: 0 });
    const end = (epoch: number, coordinatorEpoch: number) =>
      log.append(marker({ id: 1, epoch }, 'abort', coordinatorEpoch), { leaderEpoch: 0 });
    expect(() => end(2, 5)).toThrow(refusal(ErrorCodes.INVALID_PRODUCER_EPOCH));
    end(3, 5);
    expect(() => end(3, 4)).toThrow(refusal(ErrorCodes.TRANSACTION_COORDINATOR_FENCED));
  });

  it('are open, for their producer and its epoch, between their first record and their marker', async () => {
    const { log, transactions } = await opened();
    send(log, 1, 0);
    expect([
      transactions.hasOpen(1, 0),
      transactions.hasOpen(1, 1),
      transactions.hasOpen(2, 0),
    ]).toEqual([true, false, false]);
    expect([...transactions.open()]).toEqual([[1, 0]]);
    end(log, 1, 'commit');
    expect(transactions.hasOpen(1, 0)).toBe(false);
  });

  it('get a file in the segment of their abort marker, on leaders and on followers', async () => {
    for (const follows of [false, true]) {
      const { log, fixture } = await opened();
      const append = (batches: AppendBatches) =>
        follows
          ? log.appendAsFollower(replicated(batches, log.logEndOffset))
          : log.append(batches, { leaderEpoch: 0 });
      append(transactionalBatch({ id: 1, baseSequence: 0 }, ['first']));
      for (let n = 0; n < 12; n += 1) append(transactionalBatch({ id: 2, baseSequence: n }, ['x']));
      expect(log.segmentBaseOffsets.length).toBeGreaterThan(1);
      await append(marker({ id: 1 }, 'abort')).written;
      await log.flush();
      const last = String(log.segmentBaseOffsets.at(-1)).padStart(20, '0');
      expect(await indexNames(fixture)).toEqual([`${last}.txnindex`]);
      const entry = { producerId: 1, firstOffset: 0, lastOffset: 13, lastStableOffset: 1 };
      expect(await log.transactions.aborted({ from: 0, upperBound: 1 })).toEqual([entry]);
      expect(await log.transactions.aborted({ from: 5, upperBound: 14 })).toEqual([entry]);
    }
  });

  it('are saved before a flush when there are many', async () => {
    const { log, fixture } = await opened({ segmentBytes: 1 << 24, segmentIndexBytes: 1 << 20 });
    for (let n = 0; n < 5000; n += 1) {
      send(log, 1, n);
      await end(log, 1, 'abort').written;
    }
    await log.truncateTo(log.logEndOffset - 1);
    expect(await indexNames(fixture)).toHaveLength(1);
    const found = await log.transactions.aborted({ from: 0, upperBound: log.logEndOffset });
    expect(found).toHaveLength(4999);
  });

  it('lose their index with its segment', async () => {
    const { log, fixture } = await opened({ retentionBytes: 0 });
    for (let n = 0; n < 12; n += 1) {
      send(log, 1, n);
      end(log, 1, 'abort');
    }
    await log.flush();
    const before = await indexNames(fixture);
    expect(before.length).toBeGreaterThan(2);
    await log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark: log.logEndOffset });
    expect((await fixture.files()).has(`${String(before[0])}.deleted`)).toBe(true);
    fixture.time.pass(2000);
    for (let tick = 0; tick < 1000; tick += 1) await Promise.resolve();
    const names = [...(await fixture.files()).keys()];
    expect(names.filter((name) => before.some((gone) => name.startsWith(gone)))).toEqual([]);
  });

  it.each([true, false])('are found again after a stop, clean: %s', async (isClean) => {
    const { log, fixture } = await opened();
    for (let n = 0; n < 9; n += 1) {
      send(log, 1, n, `one-${String(n)}`);
      await end(log, 1, n % 3 === 0 ? 'commit' : 'abort').written;
    }
    send(log, 2, 0);
    await (isClean ? log.close() : log.flush());
    if (!isClean) await fixture.crash(true);
    if (isClean) await fixture.write('00000000000000000000.txnindex', Buffer.from('garbage'));
    const again = await fixture.open(CONFIG, { isClean, recoveryPoint: isClean ? 19 : 0 });
    again.transactions.noteHighWatermark(19);
    expect(again.transactions.firstUnstableOffset).toBe(18);
    expect([...again.transactions.open()]).toEqual([[2, 18]]);
    expect(await readCommittedValues(again, { highWatermark: 19 })).toEqual([
      'one-0',
      'one-3',
      'one-6',
    ]);
  });

  async function opened(config: Parameters<LogFixture['open']>[0] = {}) {
    const fixture = new LogFixture();
    const log = await fixture.open({ ...CONFIG, ...config });
    return { fixture, log, transactions: log.transactions };
  }
});
