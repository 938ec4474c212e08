/**
 * The in-sync replicas of a partition as its leader knows them: those that the controller has written
 * (committed), and a change of them that is on its way to the controller.
 *
 * Until the controller answers, nobody knows which of the two holds: it may have written the change,
 * and may elect by it. So the high watermark waits for every member of either, the maximal set: a
 * replica about to join counts already, one about to leave counts still. `min.insync.replicas` is
 * held against the committed set, for the same reason the other way around.
 *
 * Invariants: at most one change is under way; the partition epoch never goes back; what is known to
 * have been written later than a change was based on ends that change, as it cannot be written any
 * more, or has been.
 */

import assert from 'node:assert/strict';

export interface CommittedIsr {
  readonly isr: readonly number[];
  /** The version of the partition's state. */
  readonly partitionEpoch: number;
}

/** A change under way; it is told from others by its identity. */
export interface IsrProposal {
  readonly isr: readonly number[];
}

export class InSyncReplicas {
  #committed: readonly number[];
  #partitionEpoch: number;
  #proposal: IsrProposal | null = null;

  constructor({ isr, partitionEpoch }: CommittedIsr) {
    this.#committed = isr;
    this.#partitionEpoch = partitionEpoch;
  }

  get committed(): readonly number[] {
    return this.#committed;
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch;
  }

  get isChanging(): boolean {
    return this.#proposal !== null;
  }

  /** Whether the high watermark has to wait for that replica. */
  isInMaximal(brokerId: number): boolean {
    return this.#committed.includes(brokerId) || this.#proposal?.isr.includes(brokerId) === true;
  }

  /** The set with that member, to be sent to the controller. */
  proposeWith(brokerId: number): IsrProposal {
    assert(!this.#committed.includes(brokerId));
    return this.#propose([...this.#committed, brokerId]);
  }

  /** The set without those members, to be sent to the controller. */
  proposeWithout(brokerIds: ReadonlySet<number>): IsrProposal {
    return this.#propose(this.#committed.filter((id) => !brokerIds.has(id)));
  }

  /** What somebody else says holds now. False if it is no news. */
  learn({ isr, partitionEpoch }: CommittedIsr): boolean {
    if (partitionEpoch <= this.#partitionEpoch) return false;
    this.#committed = isr;
    this.#partitionEpoch = partitionEpoch;
    this.#proposal = null;
    return true;
  }

  /** The controller has answered the change with what holds now. False if that is no news. */
  settle(proposal: IsrProposal, written: CommittedIsr): boolean {
    if (this.learn(written)) return true;
    if (this.#proposal !== proposal || written.partitionEpoch < this.#partitionEpoch) return false;
    this.#committed = written.isr;
    this.#proposal = null;
    return true;
  }

  /** The controller has refused for good: the change was not, and will not be, written. */
  withdraw(proposal: IsrProposal): boolean {
    if (this.#proposal !== proposal) return false;
    this.#proposal = null;
    return true;
  }

  #propose(isr: readonly number[]): IsrProposal {
    assert(this.#proposal === null, 'one change at a time');
    this.#proposal = { isr };
    return this.#proposal;
  }
}
