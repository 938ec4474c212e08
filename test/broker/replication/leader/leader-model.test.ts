/**
 * A leader against a controller that writes, refuses, changes and answers in any order: nothing is
 * called committed that a replica lacks which may be elected.
 */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { IsrOutcome } from '../../../../broker/replication/isr/isr-changes.ts';
import type { Proposal } from './led-partition.ts';
import { LAG_MS, LEADER, LedPartition } from './led-partition.ts';

type Step =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'fetch'; readonly replicaId: number; readonly behind: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'tick' }
  /** The oldest proposal reaches the controller, which decides; the answer waits. */
  | { readonly kind: 'arrive'; readonly isRefused: boolean }
  | { readonly kind: 'answer'; readonly isLost: boolean }
  /** The controller takes a replica out, and all brokers are told some time. */
  | { readonly kind: 'remove'; readonly replicaId: number }
  | { readonly kind: 'updateMetadata' }
  | { readonly kind: 'newEpoch' }
  | { readonly kind: 'live'; readonly replicaId: number; readonly isAlive: boolean };

const follower = fc.integer({ min: 2, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.nat(5) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      replicaId: follower,
      behind: fc.nat(3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(100, LAG_MS / 2, LAG_MS + 1),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'tick' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('arrive' as const), isRefused: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), isLost: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), replicaId: follower }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'updateMetadata' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'newEpoch' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('live' as const),
      replicaId: follower,
      isAlive: fc.boolean(),
    }),
  },
);

const isrs = fc.constantFrom([1], [1, 2], [1, 2, 3]);

interface Truth {
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly partitionEpoch: number;
}

class Run {
  readonly led = new LedPartition();
  /** What is in ZooKeeper: who may be elected. */
  truth: Truth;
  /** Ends of the followers' logs; they lose nothing. */
  readonly ends = new Map([
    [2, 0],
    [3, 0],
  ]);
  readonly #arrived: { readonly proposal: Proposal; readonly outcome: IsrOutcome }[] = [];
  #takenCount = 0;
  #highWatermark = 0;

  constructor(isr: readonly number[]) {
    this.truth = { leaderEpoch: 1, isr, partitionEpoch: 0 };
    this.led.lead(this.truth);
  }

  async apply(it: Step): Promise<void> {
    const { led } = this;
    switch (it.kind) {
      case 'append':
        led.grow(it.count);
        break;
      case 'fetch':
        this.#fetch(it.replicaId, it.behind);
        break;
      case 'pass':
        await led.time.advance(it.ms);
        break;
      case 'tick':
        led.tick();
        break;
      case 'arrive':
        this.#arrive(it.isRefused);
        break;
      case 'answer':
        await this.#answer(it.isLost);
        break;
      case 'remove':
        this.#remove(it.replicaId);
        break;
      case 'updateMetadata':
        led.partition.noteCommittedState(this.truth);
        break;
      case 'newEpoch':
        this.#newEpoch();
        break;
      case 'live':
        led.alive[it.isAlive ? 'add' : 'delete'](it.replicaId);
        break;
    }
    this.#check();
  }

  #fetch(replicaId: number, behind: number): void {
    const known = this.ends.get(replicaId) ?? 0;
    const end = Math.max(known, this.led.log.writtenEndOffset - behind);
    this.ends.set(replicaId, end);
    this.led.fetch(replicaId, end);
  }

  #arrive(isRefused: boolean): void {
    const proposal = this.led.isrChanges.proposals[this.#takenCount];
    if (proposal === undefined) return;
    this.#takenCount += 1;
    const { change } = proposal;
    const { leaderEpoch, partitionEpoch } = this.truth;
    let outcome: IsrOutcome;
    if (change.leaderEpoch !== leaderEpoch) {
      outcome = { kind: 'refused', errorCode: ErrorCodes.FENCED_LEADER_EPOCH };
    } else if (change.partitionEpoch !== partitionEpoch) {
      outcome = { kind: 'outdated', errorCode: ErrorCodes.INVALID_UPDATE_VERSION };
    } else if (isRefused) {
      outcome = { kind: 'refused', errorCode: ErrorCodes.INELIGIBLE_REPLICA };
    } else {
      const isr = change.isr.map(({ brokerId }) => brokerId);
      this.truth = { leaderEpoch, isr, partitionEpoch: partitionEpoch + 1 };
      outcome = { kind: 'written', state: this.truth };
    }
    this.#arrived.push({ proposal, outcome });
  }

  async #answer(isLost: boolean): Promise<void> {
    const arrived = this.#arrived.shift();
    if (arrived === undefined) return;
    const { proposal, outcome } = arrived;
    // The sender asks again: by then the state is another one.
    const isOutdated = isLost && outcome.kind === 'written';
    await proposal.answer(
      isOutdated ? { kind: 'outdated', errorCode: ErrorCodes.INVALID_UPDATE_VERSION } : outcome,
    );
  }

  #remove(replicaId: number): void {
    const { leaderEpoch, isr, partitionEpoch } = this.truth;
    const left = isr.filter((id) => id !== replicaId);
    this.truth = { leaderEpoch, isr: left, partitionEpoch: partitionEpoch + 1 };
  }

  #newEpoch(): void {
    const { leaderEpoch, isr, partitionEpoch } = this.truth;
    this.truth = { leaderEpoch: leaderEpoch + 1, isr, partitionEpoch: partitionEpoch + 1 };
    this.led.lead(this.truth);
  }

  #check(): void {
    const { highWatermark, log, isrChanges } = this.led;
    assert(highWatermark >= this.#highWatermark, 'the high watermark went back');
    assert(highWatermark <= log.writtenEndOffset);
    if (highWatermark > this.#highWatermark) {
      for (const id of this.truth.isr) {
        const end = id === LEADER ? log.writtenEndOffset : (this.ends.get(id) ?? 0);
        assert(end >= highWatermark, `broker ${String(id)} may be elected and lacks records`);
      }
    }
    this.#highWatermark = highWatermark;
    // What has arrived, or was answered, may be followed by another one: of the rest there is one.
    const open = isrChanges.proposals
      .slice(this.#takenCount)
      .filter(({ signal }) => !signal.aborted);
    assert(open.length <= 1, 'two proposals of one term are on their way');
  }
}

describe('any sequence of events', () => {
  it('leaves nothing committed that a replica lacks which may be elected', async () => {
    await fc.assert(
      fc.asyncProperty(isrs, fc.array(step, { maxLength: 60 }), async (isr, steps) => {
        const run = new Run(isr);
        for (const it of steps) await run.apply(it);
        return true;
      }),
      {
        numRuns: 600,
        // UpdateMetadata overtakes the answer, and the next change goes out before that is here.
        examples: [
          [
            [1],
            [
              { kind: 'remove', replicaId: 2 },
              { kind: 'fetch', replicaId: 2, behind: 0 },
              { kind: 'updateMetadata' },
              { kind: 'fetch', replicaId: 2, behind: 0 },
            ],
          ],
        ],
      },
    );
    expect.assertions(0);
  });
});
