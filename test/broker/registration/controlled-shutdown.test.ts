import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { giveUpLeadership } from '../../../broker/registration/controlled-shutdown.ts';
import { ManualTime } from '../../support/manual-time.ts';

const remaining = [{ topic: 'orders', partition: 0 }];
const unused = (): never => {
  throw new Error('the controller is in this process');
};

describe('the wait between requests for a controlled shutdown', () => {
  const stop = (
    whenAlone: (timeoutMs: number) => boolean,
  ): { asked: number; ended: Promise<void> } => {
    let isAlone = false;
    const told = { asked: 0 };
    const ended = giveUpLeadership({
      brokerId: 1,
      brokerEpoch: () => 5,
      session: unused,
      localController: () => ({
        controlledShutdown: () => {
          told.asked += 1;
          return Promise.resolve(remaining);
        },
      }),
      listenerName: 'PLAINTEXT',
      connect: unused,
      haveOtherReplica: () => !isAlone,
      whenAlone: (partitions, timeoutMs) => {
        expect(partitions).toEqual(remaining);
        isAlone = whenAlone(timeoutMs);
        return Promise.resolve();
      },
      retriesMax: 3,
      retryBackoffMs: 5000,
      timers: new ManualTime(),
      logger: silentLogger,
    });
    return Object.assign(told, { ended });
  };

  it('is for a broker that may yet take over: it ends, and the asking with it, when there is none', async () => {
    const waits: number[] = [];
    const shutdown = stop((timeoutMs) => waits.push(timeoutMs) === 1);
    await shutdown.ended;
    expect(waits).toEqual([5000]);
    // Once more, as the other broker may have been caught up in between.
    expect(shutdown.asked).toBe(2);
  });

  it('is had as often as there are retries, and not after the last one', async () => {
    const waits: number[] = [];
    const shutdown = stop((timeoutMs) => waits.push(timeoutMs) < 0);
    await shutdown.ended;
    expect(waits).toEqual([5000, 5000, 5000]);
    expect(shutdown.asked).toBe(4);
  });
});
