import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import {
  addToSequence,
  isNextSequence,
  subtractFromSequence,
} from '../../../broker/log/state/sequence.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { batchOf, LogFixture } from './log-fixture.ts';

const send = (
  log: PartitionLog,
  baseSequence: number,
  options: { epoch?: number; count?: number } = {},
) =>
  log.append(
    batchOf({
      count: options.count ?? 1,
      producer: { id: 9, epoch: options.epoch ?? 0, baseSequence },
    }),
    { leaderEpoch: 0 },
  );
const refusal = (code: number) => expect.objectContaining({ code });

describe('sequences of idempotent producers', () => {
  it('answers a retry of one of the last five batches with the offsets of then', async () => {
    const log = await new LogFixture().open();
    for (let sequence = 0; sequence < 12; sequence += 2) send(log, sequence, { count: 2 });
    const end = log.logEndOffset;
    for (let sequence = 2; sequence < 12; sequence += 2) {
      const again = send(log, sequence, { count: 2 });
      expect([again.isDuplicate, again.baseOffset, again.lastOffset]).toEqual([
        true,
        sequence,
        sequence + 1,
      ]);
    }
    expect(() => send(log, 0, { count: 2 })).toThrow(
      refusal(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER),
    );
    expect(log.logEndOffset).toBe(end);
    await log.close();
  });

  it('waits with the answer to a retry until the first copy is written', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const first = send(log, 0);
    const again = send(log, 0);
    expect(again.written).toBe(first.written);
    await again.written;
    await log.close();
  });

  it('refuses gaps, and anything but 0 from a new epoch', async () => {
    const log = await new LogFixture().open();
    send(log, 0);
    expect(() => send(log, 2)).toThrow(refusal(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(() => send(log, 1, { epoch: 1 })).toThrow(
      refusal(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER),
    );
    send(log, 0, { epoch: 1 });
    expect(() => send(log, 1)).toThrow(refusal(ErrorCodes.INVALID_PRODUCER_EPOCH));
    send(log, 1, { epoch: 1 });
    expect(log.logEndOffset).toBe(3);
    await log.close();
  });

  it('lets a producer of which nothing is known start anywhere', async () => {
    const log = await new LogFixture().open();
    send(log, 41);
    send(log, 42);
    expect(() => send(log, 44)).toThrow(refusal(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER));
    await log.close();
  });

  it('goes on at 0 after the largest sequence, within a batch too', async () => {
    const log = await new LogFixture().open();
    send(log, 0x7ffffffe, { count: 4 });
    send(log, 2);
    expect(send(log, 0x7ffffffe, { count: 4 }).isDuplicate).toBe(true);
    expect(addToSequence(0x7fffffff, 1)).toBe(0);
    expect(subtractFromSequence(0, 1)).toBe(0x7fffffff);
    expect(isNextSequence(0x7fffffff, 0)).toBe(true);
    expect(isNextSequence(-1, 0)).toBe(true);
    await log.close();
  });

  it.each([true, false])('knows the last five after a restart (clean: %p)', async (isClean) => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    for (let sequence = 0; sequence < 12; sequence += 2)
      await send(log, sequence, { count: 2 }).written;
    if (isClean) await log.close();
    else await fixture.crash(true);
    const again = await fixture.open({}, { isClean, recoveryPoint: isClean ? 12 : 0 });
    for (let sequence = 2; sequence < 12; sequence += 2) {
      const { isDuplicate, baseOffset } = send(again, sequence, { count: 2 });
      expect([isDuplicate, baseOffset]).toEqual([true, sequence]);
    }
    for (const sequence of [0, 13])
      expect(() => send(again, sequence)).toThrow(refusal(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER));
    await send(again, 12).written;
    await again.close();
  });

  it('forgets what was appended and then cut off', async () => {
    const log = await new LogFixture().open();
    await send(log, 0).written;
    await send(log, 1).written;
    await log.truncateTo(1);
    expect(send(log, 1)).toMatchObject({ isDuplicate: false, baseOffset: 1 });
    await log.close();
  });

  it('forgets producers that were silent for too long', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await send(log, 0).written;
    expect(log.activeProducerCount).toBe(1);
    log.expireProducers(fixture.time.ms + 86_400_000 - 1);
    expect(log.activeProducerCount).toBe(1);
    log.expireProducers(fixture.time.ms + 86_400_000);
    expect(log.activeProducerCount).toBe(0);
    await send(log, 7).written;
    await log.close();
  });
});
