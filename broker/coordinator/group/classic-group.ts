/**
 * One group of the classic protocol. Its life, Kafka's:
 *
 *     Empty -> PreparingRebalance -> CompletingRebalance -> Stable -> PreparingRebalance ...
 *                (members join)       (leader assigns)
 *     PreparingRebalance -> Empty when everybody has gone; Empty -> Dead when it is deleted.
 *
 * Two kinds of state. What is stored (`stored`, `offsets`) changes in replay only, live exactly as
 * after a restart. The rest is the rebalance of the moment: it dies with its coordinator, and a
 * group that is read back is Stable with the members that were stored last, or Empty.
 */

import assert from 'node:assert/strict';
import type { Deadline } from './environment.ts';
import type { GroupMetadataValue } from './group-metadata-record.ts';
import { GroupOffsets } from './group-offsets.ts';
import type { Member } from './member.ts';
import { Membership } from './membership.ts';

type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const previousStates: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

/** What a rebalance under way remembers beside the members. */
interface JoinPhase {
  readonly deadline: Deadline;
  /** A new group waits a fixed while for more members; others until all have joined. */
  readonly isInitial: boolean;
}

export class ClassicGroup {
  readonly id: string;
  readonly membership = new Membership();
  readonly offsets = new GroupOffsets();
  /** The last committed record of the group; null before the first and after a tombstone. */
  stored: GroupMetadataValue | null = null;
  /** Records of the membership that are appended and not yet committed. */
  metadataWritingCount = 0;
  generationId = 0;
  /** Null until somebody joins: such a group only stores offsets. */
  protocolType: string | null = null;
  protocolName: string | null = null;
  /** While PreparingRebalance. */
  joinPhase: JoinPhase | null = null;
  /** While members owe a SyncGroup. */
  syncDeadline: Deadline | null = null;
  /** The generation whose assignment was last written; -1: none. */
  assigningGenerationId = -1;
  /** A member came while the initial wait ran: it is worth waiting on. */
  hasNewMember = false;
  #state: GroupState = 'Empty';
  /** Milliseconds since the epoch of the last change of state; null: not known. */
  #stateSinceMs: number | null = null;

  constructor(id: string) {
    this.id = id;
  }

  get state(): GroupState {
    return this.#state;
  }

  get stateSinceMs(): number | null {
    return this.#stateSinceMs;
  }

  transitionTo(state: GroupState, sinceMs: number | null): void {
    const from = previousStates[state];
    assert(
      from.includes(this.#state),
      `group ${this.id} cannot become ${state} from ${this.#state}`,
    );
    this.#state = state;
    this.#stateSinceMs = sinceMs;
  }

  /** Takes up the stored membership; the caller gives the members and starts their sessions. */
  restore(members: readonly Member[]): void {
    const { stored } = this;
    if (stored === null) return;
    this.generationId = stored.generation;
    this.protocolType = stored.protocolType === '' ? null : stored.protocolType;
    this.protocolName = stored.protocol;
    for (const member of members) this.membership.add(member);
    this.membership.restoreLeader(stored.leader);
    this.#state = members.length === 0 ? 'Empty' : 'Stable';
    const sinceMs = Number(stored.currentStateTimestamp);
    this.#stateSinceMs = sinceMs < 0 ? null : sinceMs;
  }

  /** The next generation: somebody is there, and they agreed on a protocol; or nobody is. */
  startGeneration(nowMs: number): void {
    this.generationId = this.generationId === 0x7fffffff ? 1 : this.generationId + 1;
    this.protocolName = this.membership.electProtocol();
    this.membership.forgiveSync();
    this.transitionTo(this.membership.size === 0 ? 'Empty' : 'CompletingRebalance', nowMs);
  }

  /** The record of the group as it is, with the given assignments. */
  toStored(assignmentOf: (member: Member) => Buffer): GroupMetadataValue {
    const members = [...this.membership.all()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.identity.instanceId,
      clientId: member.identity.clientId,
      clientHost: member.identity.clientHost,
      rebalanceTimeoutMs: member.terms.rebalanceTimeoutMs,
      sessionTimeoutMs: member.terms.sessionTimeoutMs,
      subscription: member.metadataOf(this.protocolName),
      assignment: assignmentOf(member),
    }));
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generationId,
      protocol: this.protocolName,
      leader: this.membership.leaderId,
      currentStateTimestamp: BigInt(this.#stateSinceMs ?? -1),
      members,
    };
  }
}
