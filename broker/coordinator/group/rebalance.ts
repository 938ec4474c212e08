/**
 * What moves a group from one generation to the next: a rebalance starts when the members or what
 * they can do changed, waits until all have joined or their time is up, and ends with a new
 * generation, whose members owe a SyncGroup. No state of its own: it serves every group of a shard.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { Deadline, GroupEnvironment, Reply } from './environment.ts';
import type { JoinResult, Member, MemberTerms, SyncResult } from './member.ts';
import { NO_BYTES } from './member.ts';

/** A new member has this long for its first generation: it cannot send heartbeats before. */
const NEW_MEMBER_TIMEOUT_MS = 5 * 60_000;

export class Rebalance {
  readonly #environment: GroupEnvironment;

  constructor(environment: GroupEnvironment) {
    this.#environment = environment;
  }

  /** A member is new to the group; its join is answered with the next generation. */
  admit(group: ClassicGroup, member: Member, reply: Reply<JoinResult>): void {
    const { membership } = group;
    member.isNew = true;
    if (group.state === 'PreparingRebalance' && group.generationId === 0) group.hasNewMember = true;
    membership.add(member);
    membership.awaitJoin(member, reply);
    this.watchSession(group, member, NEW_MEMBER_TIMEOUT_MS);
    this.prepareIfSettled(group);
  }

  /** A member joins again, perhaps with other terms. */
  readmit(
    group: ClassicGroup,
    member: Member,
    { terms, reply }: { terms: MemberTerms; reply: Reply<JoinResult> },
  ): void {
    group.membership.setTerms(member, terms);
    group.membership.awaitJoin(member, reply);
    this.prepareIfSettled(group);
  }

  remove(group: ClassicGroup, member: Member): void {
    group.membership.remove(member);
    if (group.state === 'PreparingRebalance') this.completeIfAllJoined(group);
    else this.prepareIfSettled(group);
  }

  removePending(group: ClassicGroup, memberId: string): void {
    group.membership.removePending(memberId);
    this.completeIfAllJoined(group);
  }

  prepareIfSettled(group: ClassicGroup): void {
    const { state } = group;
    if (state === 'Empty' || state === 'Stable' || state === 'CompletingRebalance') {
      this.prepare(group);
    }
  }

  prepare(group: ClassicGroup): void {
    if (group.state === 'CompletingRebalance') {
      this.failAssignment(group, ErrorCodes.REBALANCE_IN_PROGRESS);
    }
    group.syncDeadline?.cancel();
    const isInitial = group.state === 'Empty';
    group.transitionTo('PreparingRebalance', this.#environment.nowMs());
    if (isInitial) this.#waitInitially(group);
    else this.#waitForAll(group);
  }

  completeIfAllJoined(group: ClassicGroup): void {
    const { joinPhase } = group;
    if (group.state !== 'PreparingRebalance' || joinPhase === null || joinPhase.isInitial) return;
    if (group.membership.hasAllJoined) this.#complete(group);
  }

  /** Starts a member's session anew. */
  watchSession(group: ClassicGroup, member: Member, timeoutMs?: number): void {
    member.session ??= this.#environment.deadline(() => this.#sessionPassed(group, member));
    member.session.set(timeoutMs ?? member.terms.sessionTimeoutMs);
  }

  /** A pending member has its session time to come back with the id that it was given. */
  expectPending(group: ClassicGroup, memberId: string, sessionTimeoutMs: number): void {
    const expiry = this.#environment.deadline(() => this.removePending(group, memberId));
    expiry.set(sessionTimeoutMs);
    group.membership.addPending(memberId, expiry);
  }

  /** Everybody's assignment is taken away; who waits for one gets the error. */
  failAssignment(group: ClassicGroup, errorCode: ErrorCode): void {
    for (const member of group.membership.all()) {
      member.assignment = NO_BYTES;
      this.answerSync(group, member, errorCode);
    }
  }

  /** Answers a waiting sync with the member's assignment; the session starts anew. */
  answerSync(group: ClassicGroup, member: Member, errorCode: ErrorCode): void {
    const result: SyncResult =
      errorCode === ErrorCodes.NONE
        ? {
            errorCode,
            protocolType: group.protocolType,
            protocolName: group.protocolName,
            assignment: member.assignment,
          }
        : { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
    if (group.membership.answerSync(member, result)) this.watchSession(group, member);
  }

  /** One less owes a SyncGroup; nothing to watch when it was the last. */
  synced(group: ClassicGroup, member: Member): void {
    group.membership.forgiveSync(member.id);
    if (group.membership.owingSync.size === 0) group.syncDeadline?.cancel();
  }

  #waitInitially(group: ClassicGroup): void {
    const stepMs = this.#environment.settings.initialRebalanceDelayMs;
    let remainingMs = Math.max(group.membership.rebalanceTimeoutMs() - stepMs, 0);
    const deadline = this.#joinDeadline(group, () => {
      if (!group.hasNewMember || remainingMs === 0) {
        this.#complete(group);
        return;
      }
      group.hasNewMember = false;
      const nextMs = Math.min(stepMs, remainingMs);
      remainingMs -= nextMs;
      deadline.set(nextMs);
    });
    group.hasNewMember = false;
    group.joinPhase = { deadline, isInitial: true };
    deadline.set(stepMs);
  }

  #waitForAll(group: ClassicGroup): void {
    const deadline = this.#joinDeadline(group, () => this.#complete(group));
    group.joinPhase = { deadline, isInitial: false };
    // Never 0: static members that do not come back are waited for again and again.
    deadline.set(Math.max(group.membership.rebalanceTimeoutMs(), 1));
    this.completeIfAllJoined(group);
  }

  #joinDeadline(group: ClassicGroup, onPassed: () => void): Deadline {
    group.joinPhase?.deadline.cancel();
    return this.#environment.deadline(() => {
      if (group.state === 'PreparingRebalance') onPassed();
    });
  }

  #complete(group: ClassicGroup): void {
    const { membership } = group;
    group.joinPhase?.deadline.cancel();
    for (const member of [...membership.all()]) {
      if (member.joinReply === null && !member.isStatic) membership.remove(member);
    }
    if (!membership.electJoinedLeader()) {
      // Only static members are left and none joined: their sessions decide who has gone.
      this.#waitForAll(group);
      return;
    }
    group.joinPhase = null;
    group.startGeneration(this.#environment.nowMs());
    if (group.state === 'Empty') this.#storeEmpty(group);
    else this.#announce(group);
  }

  #storeEmpty(group: ClassicGroup): void {
    const value = group.toStored(() => NO_BYTES);
    // Nobody waits for it: where it fails, the members stored last run out after the next load.
    this.#environment.write([{ kind: 'metadata', groupId: group.id, value }], {});
  }

  #announce(group: ClassicGroup): void {
    const { membership } = group;
    membership.oweSync();
    for (const member of membership.all()) {
      const isJoined = membership.answerJoin(member, joinResult(group, member));
      // A static member that did not join keeps its place until its session ends.
      if (isJoined) this.watchSession(group, member);
      member.isNew = false;
    }
    group.syncDeadline ??= this.#environment.deadline(() => this.#syncPassed(group));
    group.syncDeadline.set(membership.rebalanceTimeoutMs());
  }

  #sessionPassed(group: ClassicGroup, member: Member): void {
    if (group.membership.get(member.id) !== member) return;
    // Who waits for the group's answer is alive, except a new member that waited far too long.
    const isWaiting = member.joinReply !== null || member.syncReply !== null;
    if (!member.isNew && isWaiting) return;
    this.remove(group, member);
  }

  #syncPassed(group: ClassicGroup): void {
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    const { membership } = group;
    const owing = [...membership.owingSync];
    if (owing.length === 0) return;
    for (const memberId of owing) {
      const member = membership.get(memberId);
      if (member !== undefined) membership.remove(member);
    }
    this.prepare(group);
  }
}

/** What a member of the current generation is told. */
export function joinResult(group: ClassicGroup, member: Member): JoinResult {
  const { membership } = group;
  return {
    errorCode: ErrorCodes.NONE,
    memberId: member.id,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: membership.leaderId ?? '',
    skipAssignment: false,
    members: membership.isLeader(member.id) ? everybody(group) : [],
  };
}

/** All members with the metadata of the chosen protocol, for the leader. */
export function everybody(group: ClassicGroup): JoinResult['members'] {
  return [...group.membership.all()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.identity.instanceId,
    metadata: member.metadataOf(group.protocolName),
  }));
}
