/**
 * Decides which replicas are in sync, in one leader's term, and gets that written.
 *
 * A follower joins with the fetch that shows that it has caught up, and leaves when it has had
 * something missing for replica.lag.time.max.ms.
 *
 * Invariants: one change at a time; nothing that is answered after the term's end is looked at. A
 * change that the controller has refused is not proposed again for a moment; one that is based on an
 * old state stays under way until the new one arrives, as it may have been written.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import type { IsrOutcome } from '../isr/isr-changes.ts';
import type { LagMoment } from './follower-progress.ts';
import type { CommittedIsr, IsrProposal } from './in-sync-replicas.ts';
import type { LeaderPorts } from './leader-ports.ts';
import type { LeaderTerm } from './leader-term.ts';

const PAUSE_MS = 1000;

export interface IsrUpkeepOptions extends TopicPartition {
  readonly brokerId: number;
  readonly topicId: string | null;
  readonly term: LeaderTerm;
  readonly ports: LeaderPorts;
  /** The committed or the maximal set is another. */
  readonly onChange: () => void;
}

export class IsrUpkeep {
  readonly #options: IsrUpkeepOptions;
  /** Of the change under way; aborted when nobody waits for its answer any more. */
  #asking = new AbortController();
  #pausedUntilMs = -Infinity;

  constructor(options: IsrUpkeepOptions) {
    this.#options = options;
  }

  /** The term is over. */
  end(): void {
    this.#asking.abort(new Error('the leader epoch is over'));
  }

  /** After a fetch of that follower. */
  considerJoining(brokerId: number, highWatermark: number, nowMs: number): void {
    const { term, ports } = this.#options;
    if (term.isr.isChanging || term.isr.committed.includes(brokerId)) return;
    if (nowMs < this.#pausedUntilMs) return;
    if (!term.hasCaughtUp(brokerId, highWatermark) || !ports.isAlive(brokerId)) return;
    this.#propose(term.isr.proposeWith(brokerId));
  }

  considerLeaving(moment: LagMoment): void {
    const { term } = this.#options;
    if (term.isr.isChanging || moment.nowMs < this.#pausedUntilMs) return;
    const laggards = term.laggards(moment);
    if (laggards.size > 0) this.#propose(term.isr.proposeWithout(laggards));
  }

  /** What the controller has let everybody know. */
  learn(state: CommittedIsr): void {
    if (!this.#options.term.isr.learn(state)) return;
    // A change that was based on what was before cannot be written any more, or has been.
    this.#asking.abort(new Error('a newer state is known'));
    this.#changed();
  }

  #propose(proposal: IsrProposal): void {
    const { ports, term, topicId, topic, partition } = this.#options;
    const { leaderEpoch, isr } = term;
    const { partitionEpoch } = isr;
    ports.logger.info(
      { topic, partition, leaderEpoch, from: isr.committed, to: proposal.isr },
      'another set of in-sync replicas is proposed',
    );
    const members = proposal.isr.map((brokerId) => ({
      brokerId,
      brokerEpoch: this.#brokerEpochOf(brokerId),
    }));
    const change = { topic, partition, topicId, leaderEpoch, partitionEpoch, isr: members };
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    ports.isrChanges.propose(change, signal).then(
      (outcome) => {
        if (!signal.aborted) this.#settle(proposal, outcome);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        // Whether it was written is not known: it stays under way, until the controller says more.
        ports.logger.error({ err: error, topic, partition }, 'no answer to a proposed ISR');
      },
    );
  }

  #brokerEpochOf(brokerId: number): number {
    const { term, ports } = this.#options;
    if (brokerId === this.#options.brokerId) return ports.brokerEpoch() ?? -1;
    return term.progressOf(brokerId)?.brokerEpoch ?? -1;
  }

  #settle(proposal: IsrProposal, outcome: IsrOutcome): void {
    const { term, ports, topic, partition } = this.#options;
    switch (outcome.kind) {
      case 'written':
        // Another leader epoch has begun: this broker is about to be told.
        if (outcome.state.leaderEpoch !== term.leaderEpoch) return;
        if (term.isr.settle(proposal, outcome.state)) this.#changed();
        return;
      case 'refused': {
        const { errorCode } = outcome;
        ports.logger.info({ topic, partition, errorCode }, 'the proposed ISR was refused');
        this.#pausedUntilMs = ports.clock.monotonicMs() + PAUSE_MS;
        if (term.isr.withdraw(proposal)) this.#options.onChange();
        return;
      }
      case 'outdated':
        ports.logger.info(
          { topic, partition, errorCode: outcome.errorCode },
          'the proposed ISR is based on an old state',
        );
    }
  }

  #changed(): void {
    const { term, ports, topic, partition } = this.#options;
    const { committed, partitionEpoch } = term.isr;
    ports.logger.info({ topic, partition, isr: committed, partitionEpoch }, 'in-sync replicas');
    this.#options.onChange();
  }
}
