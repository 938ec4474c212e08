/**
 * All groups of one partition of __consumer_offsets: the state machine of a shard. Requests and
 * deadlines come one at a time and are done when the call returns, answers aside; replay alone
 * changes what is stored. A group is there from its first member or record until nothing of it is
 * left.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { ClassicGroup } from './classic-group.ts';
import type { CommitRequest, CommitResult } from './commit-offsets.ts';
import { CommitOffsets } from './commit-offsets.ts';
import type { OffsetDeleteResult } from './delete-offsets.ts';
import { DeleteOffsets } from './delete-offsets.ts';
import type { GroupEnvironment, Reply } from './environment.ts';
import type { OffsetPlace } from './group-offsets.ts';
import type { GroupRecord } from './group-record.ts';
import type { JoinRequest } from './join.ts';
import { Join } from './join.ts';
import { leave } from './leave.ts';
import type { JoinResult, SyncResult } from './member.ts';
import { joinFailure, syncFailure } from './member.ts';
import type { Claim, GenerationClaim } from './member-check.ts';
import { Rebalance } from './rebalance.ts';
import { restoredMembers } from './restored-members.ts';
import type { SyncRequest } from './sync.ts';
import { Sync } from './sync.ts';
import { trackedEnvironment } from './tracked-environment.ts';

export class Groups {
  readonly #groups = new Map<string, ClassicGroup>();
  readonly #environment: GroupEnvironment;
  readonly #rebalance: Rebalance;
  readonly #join: Join;
  readonly #sync: Sync;
  readonly #commit: CommitOffsets;
  readonly #delete: DeleteOffsets;

  constructor(environment: GroupEnvironment) {
    const tracked = trackedEnvironment(environment, (groupId) => this.#groups.get(groupId));
    this.#environment = environment;
    this.#rebalance = new Rebalance(tracked);
    this.#join = new Join(tracked, this.#rebalance);
    this.#sync = new Sync(tracked, this.#rebalance);
    this.#commit = new CommitOffsets(tracked, this.#rebalance);
    this.#delete = new DeleteOffsets(tracked, (group) => this.#forget(group));
  }

  all(): IterableIterator<ClassicGroup> {
    return this.#groups.values();
  }

  get count(): number {
    return this.#groups.size;
  }

  get(groupId: string): ClassicGroup | undefined {
    return this.#groups.get(groupId);
  }

  /** Takes one committed record into what is stored, live and while loading alike. */
  replay(record: GroupRecord): void {
    const group = this.#groups.get(record.groupId);
    if (record.value === null) {
      if (group === undefined) return;
      if (record.kind === 'metadata') group.stored = null;
      else group.offsets.delete(record.topic, record.partition);
      return;
    }
    const present = group ?? this.#create(record.groupId);
    if (record.kind === 'metadata') present.stored = record.value;
    else present.offsets.set(record.topic, record.partition, record.value);
  }

  /** Everything was replayed: groups go on where their last record left them. */
  start(): void {
    for (const group of this.#groups.values()) {
      if (group.stored === null && group.offsets.count === 0) this.#forget(group);
      else this.#restore(group);
    }
  }

  /** Another broker coordinates these groups now: whoever waits is told so. */
  stop(): void {
    for (const group of this.#groups.values()) {
      group.joinPhase?.deadline.cancel();
      group.syncDeadline?.cancel();
      group.membership.forgetPending();
      for (const member of group.membership.all()) {
        const errorCode = ErrorCodes.NOT_COORDINATOR;
        group.membership.answerJoin(member, joinFailure(member.id, errorCode));
        group.membership.answerSync(member, syncFailure(errorCode));
        member.session?.cancel();
      }
      group.transitionTo('Dead', this.#environment.nowMs());
    }
    this.#groups.clear();
  }

  join(groupId: string, request: JoinRequest, reply: Reply<JoinResult>): void {
    const { sessionTimeoutMsMin, sessionTimeoutMsMax } = this.#environment.settings;
    const { sessionTimeoutMs } = request.terms;
    if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax) {
      reply(joinFailure(request.memberId, ErrorCodes.INVALID_SESSION_TIMEOUT));
      return;
    }
    const known = this.#groups.get(groupId);
    if (known === undefined && request.memberId !== '') {
      reply(joinFailure(request.memberId, ErrorCodes.UNKNOWN_MEMBER_ID));
      return;
    }
    this.#join.run(known ?? this.#create(groupId), request, reply);
  }

  sync(groupId: string, request: SyncRequest, reply: Reply<SyncResult>): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) reply(syncFailure(ErrorCodes.UNKNOWN_MEMBER_ID));
    else this.#sync.run(group, request, reply);
  }

  heartbeat(groupId: string, claim: GenerationClaim): ErrorCode {
    const group = this.#groups.get(groupId);
    return group === undefined ? ErrorCodes.UNKNOWN_MEMBER_ID : this.#sync.heartbeat(group, claim);
  }

  leave(groupId: string, claim: Claim): ErrorCode {
    const group = this.#groups.get(groupId);
    return group === undefined
      ? ErrorCodes.UNKNOWN_MEMBER_ID
      : leave(group, claim, this.#rebalance);
  }

  commit(groupId: string, request: CommitRequest, reply: Reply<CommitResult>): void {
    const known = this.#groups.get(groupId);
    if (known === undefined && request.generationId >= 0) {
      reply(request.offsets.map(() => ErrorCodes.ILLEGAL_GENERATION));
      return;
    }
    this.#commit.run(known ?? this.#create(groupId), request, reply);
  }

  deleteOffsets(
    groupId: string,
    places: readonly OffsetPlace[],
    reply: Reply<OffsetDeleteResult>,
  ): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) reply({ errorCode: ErrorCodes.GROUP_ID_NOT_FOUND, places: [] });
    else this.#delete.run(group, places, reply);
  }

  deleteGroup(groupId: string, reply: Reply<ErrorCode>): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) reply(ErrorCodes.GROUP_ID_NOT_FOUND);
    else this.#delete.deleteGroup(group, reply);
  }

  /** One pass over the groups: what has run out gets its tombstones. */
  expireOffsets(): void {
    for (const group of [...this.#groups.values()]) this.#delete.expire(group);
  }

  forgetTopics(topics: readonly string[]): void {
    for (const group of this.#groups.values()) this.#delete.forgetTopics(group, topics);
  }

  #create(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId);
    this.#groups.set(groupId, group);
    return group;
  }

  #forget(group: ClassicGroup): void {
    if (this.#groups.get(group.id) === group) this.#groups.delete(group.id);
  }

  #restore(group: ClassicGroup): void {
    group.restore(restoredMembers(group));
    for (const member of group.membership.all()) this.#rebalance.watchSession(group, member);
    // The limit was lowered: those who join again first stay.
    const { groupSizeMax } = this.#environment.settings;
    if (group.membership.size > groupSizeMax) this.#rebalance.prepareIfSettled(group);
  }
}
