import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import type { IsrChange } from '../../../../broker/replication/isr/isr-changes.ts';
import type { AlterPartitionOutcome } from '../../../../broker/replication/isr/isr-queue.ts';
import { IsrQueue } from '../../../../broker/replication/isr/isr-queue.ts';
import { ManualTime } from '../../../support/manual-time.ts';

interface Asked {
  readonly changes: readonly IsrChange[];
  answer(...outcomes: readonly AlterPartitionOutcome[]): void;
  lose(): void;
}

class Controller {
  readonly asked: Asked[] = [];

  alterPartitions(changes: readonly IsrChange[]): Promise<readonly AlterPartitionOutcome[]> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        changes,
        answer: (...outcomes) => resolve(outcomes),
        lose: () => reject(new Error('the connection was lost')),
      });
    });
  }

  request(place: number): Asked {
    const asked = this.asked[place];
    if (asked === undefined) throw new Error(`there was no request ${String(place)}`);
    return asked;
  }
}

const never = new AbortController().signal;

function change(partition: number): IsrChange {
  return {
    topic: 't',
    partition,
    topicId: null,
    leaderEpoch: 3,
    partitionEpoch: 7,
    isr: [
      { brokerId: 1, brokerEpoch: -1 },
      { brokerId: 2, brokerEpoch: 40 },
    ],
  };
}

const written: AlterPartitionOutcome = {
  errorCode: ErrorCodes.NONE,
  state: { leaderEpoch: 3, isr: [1, 2], partitionEpoch: 8 },
};

function refused(errorCode: number): AlterPartitionOutcome {
  return { errorCode, state: null };
}

function setUp(): { time: ManualTime; controller: Controller; queue: IsrQueue } {
  const time = new ManualTime();
  const controller = new Controller();
  const queue = new IsrQueue({ controller, clock: time, timers: time, logger: silentLogger });
  return { time, controller, queue };
}

describe('the queue of proposed ISRs', () => {
  it('sends what is proposed in one turn in one request, and what comes meanwhile in the next', async () => {
    const { time, controller, queue } = setUp();
    const first = queue.propose(change(0), never);
    const second = queue.propose(change(1), never);
    await time.advance(0);
    const third = queue.propose(change(2), never);
    await time.advance(100);
    expect(controller.asked.map(({ changes }) => changes.map((it) => it.partition))).toEqual([
      [0, 1],
    ]);
    controller.request(0).answer(written, written);
    await time.advance(0);
    controller.request(1).answer(written);
    const outcome = { kind: 'written', state: written.state };
    expect(await Promise.all([first, second, third])).toEqual([outcome, outcome, outcome]);
    expect(controller.request(1).changes.map((it) => it.partition)).toEqual([2]);
  });

  it('asks again after a while where there was no answer', async () => {
    const { time, controller, queue } = setUp();
    const outcome = queue.propose(change(0), never);
    await time.advance(0);
    controller.request(0).lose();
    await time.advance(49);
    expect(controller.asked).toHaveLength(1);
    await time.advance(1);
    controller.request(1).answer(written);
    expect(await outcome).toEqual({ kind: 'written', state: written.state });
  });

  it('asks again for what the controller has not decided, and only for that', async () => {
    const { time, controller, queue } = setUp();
    const first = queue.propose(change(0), never);
    const second = queue.propose(change(1), never);
    await time.advance(0);
    controller.request(0).answer(written, refused(ErrorCodes.OPERATION_NOT_ATTEMPTED));
    expect((await first).kind).toBe('written');
    await time.advance(50);
    expect(controller.request(1).changes.map((it) => it.partition)).toEqual([1]);
    controller.request(1).answer(written);
    expect((await second).kind).toBe('written');
  });

  it.each([ErrorCodes.INVALID_UPDATE_VERSION, ErrorCodes.FENCED_LEADER_EPOCH])(
    'says that the state is outdated at error %i',
    async (errorCode) => {
      const { time, controller, queue } = setUp();
      const outcome = queue.propose(change(0), never);
      await time.advance(0);
      controller.request(0).answer(refused(errorCode));
      expect(await outcome).toEqual({ kind: 'outdated', errorCode });
    },
  );

  it('takes a refusal at once where every request was answered', async () => {
    const { time, controller, queue } = setUp();
    const outcome = queue.propose(change(0), never);
    await time.advance(0);
    controller.request(0).answer(refused(ErrorCodes.INELIGIBLE_REPLICA));
    expect(await outcome).toEqual({ kind: 'refused', errorCode: ErrorCodes.INELIGIBLE_REPLICA });
  });

  it('does not take a refusal while an earlier request may still be taken', async () => {
    const { time, controller, queue } = setUp();
    const ended: string[] = [];
    void queue.propose(change(0), never).then(({ kind }) => ended.push(kind));
    await time.advance(0);
    controller.request(0).lose();
    for (let place = 1; place <= 200; place += 1) {
      expect(ended).toEqual([]);
      await time.advance(50);
      controller.request(place).answer(refused(ErrorCodes.INELIGIBLE_REPLICA));
      await time.advance(0);
    }
    // Every 50 ms for 10 s.
    expect(ended).toEqual(['refused']);
  });

  it('forgets a proposal whose signal aborts', async () => {
    const { time, controller, queue } = setUp();
    const term = new AbortController();
    const first = queue.propose(change(0), term.signal);
    const outcome = queue.propose(change(1), never);
    await time.advance(0);
    term.abort(new Error('over'));
    await expect(first).rejects.toThrow('over');
    controller.request(0).lose();
    await time.advance(50);
    expect(controller.request(1).changes.map((it) => it.partition)).toEqual([1]);
    controller.request(1).answer(written);
    await outcome;
    await expect(queue.propose(change(2), term.signal)).rejects.toThrow('over');
    expect(time.count).toBe(0);
  });
});
