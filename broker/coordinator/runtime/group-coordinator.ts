/**
 * The group coordinator of a broker: what handlers call, one method per API. Answers carry Kafka's
 * error codes; a promise rejects on defects only. Authorization, and whether a topic exists, are
 * the handler's part. A write is answered when its records are committed, a join when the group's
 * generation is complete.
 *
 * Owned by the composition root: start() begins the check for expired offsets; becomeLeader() and
 * resign() follow the leadership of the partitions of __consumer_offsets; stop() answers whoever
 * still waits with NOT_COORDINATOR.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Timer } from '../../platform/timers.ts';
import type { CommitResult } from '../group/commit-offsets.ts';
import type { OffsetDeleteResult } from '../group/delete-offsets.ts';
import type { OffsetPlace } from '../group/group-offsets.ts';
import type { Groups } from '../group/groups.ts';
import type { JoinResult, SyncResult } from '../group/member.ts';
import { joinFailure, syncFailure } from '../group/member.ts';
import type { GroupCoordinatorOptions } from './group-coordinator-options.ts';
import { describedGroup, failedDescription, listedGroups } from './group-descriptions.ts';
import { GroupShards } from './group-shards.ts';
import type { GroupRequestContext } from './membership-requests.ts';
import {
  joinRequest,
  joinResponse,
  leaveFailure,
  leaveResponse,
  leavingMembers,
  namesProtocol,
  syncResponse,
} from './membership-requests.ts';
import type * as messages from './messages.ts';
import type { RequestedGroup } from './offset-requests.ts';
import {
  commitFailure,
  commitRequest,
  commitResponse,
  fetchFailure,
  fetchedGroup,
} from './offset-requests.ts';

export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #shards: GroupShards;
  #expiry: Timer | null = null;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    this.#shards = new GroupShards(options);
  }

  start(): void {
    const { timers, offsetsRetentionCheckIntervalMs } = this.#options;
    this.#expiry ??= timers.every(offsetsRetentionCheckIntervalMs, () => {
      for (const groups of this.#shards.active()) groups.expireOffsets();
    });
  }

  stop(): void {
    this.#expiry?.cancel();
    this.#expiry = null;
    this.#shards.stop();
  }

  /** Groups of the partitions that are loaded. */
  get groupCount(): number {
    let count = 0;
    for (const groups of this.#shards.active()) count += groups.count;
    return count;
  }

  /** The partition of __consumer_offsets whose leader coordinates the group. */
  partitionFor(groupId: string): number {
    return this.#shards.partitionFor(groupId);
  }

  isCoordinatorFor(groupId: string): boolean {
    return this.#shards.has(this.partitionFor(groupId));
  }

  /**
   * Resolves when the partition's groups are loaded; a load that fails is logged, tried again, and
   * resolves too. `tenure` grows each time that the leadership begins anew; the same one changes nothing:
   * a leader that gets a new epoch has not lost anything.
   */
  becomeLeader(partition: number, tenure: number): Promise<void> {
    return this.#shards.lead(partition, tenure);
  }

  resign(partition: number): void {
    this.#shards.resign(partition);
  }

  /** Forgets the positions in topics that were deleted. */
  topicsDeleted(topics: readonly string[]): void {
    for (const groups of this.#shards.active()) groups.forgetTopics(topics);
  }

  async joinGroup(
    context: GroupRequestContext,
    request: messages.JoinGroupRequest,
  ): Promise<messages.JoinGroupResponse> {
    const result = await this.#ask<JoinResult>(
      (reply) =>
        this.#membersOf(request.groupId).join(
          request.groupId,
          joinRequest(context, request),
          reply,
        ),
      (errorCode) => joinFailure(request.memberId, errorCode),
    );
    return joinResponse(context, result);
  }

  async syncGroup(
    context: GroupRequestContext,
    request: messages.SyncGroupRequest,
  ): Promise<messages.SyncGroupResponse> {
    const result = await this.#ask<SyncResult>((reply) => {
      const groups = this.#membersOf(request.groupId);
      if (namesProtocol(context, request)) groups.sync(request.groupId, request, reply);
      else reply(syncFailure(ErrorCodes.INCONSISTENT_GROUP_PROTOCOL));
    }, syncUnavailable);
    return syncResponse(result);
  }

  async heartbeat(
    _context: GroupRequestContext,
    request: messages.HeartbeatRequest,
  ): Promise<messages.HeartbeatResponse> {
    const errorCode = await this.#ask<ErrorCode>(
      (reply) => reply(this.#membersOf(request.groupId).heartbeat(request.groupId, request)),
      // The member is known again when loading is done: nothing is wrong with it.
      (code) => (code === ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCodes.NONE : code),
    );
    return { throttleTimeMs: 0, errorCode };
  }

  leaveGroup(
    context: GroupRequestContext,
    request: messages.LeaveGroupRequest,
  ): Promise<messages.LeaveGroupResponse> {
    return this.#ask<messages.LeaveGroupResponse>((reply) => {
      const groups = this.#membersOf(request.groupId);
      const members = leavingMembers(context, request).map(({ memberId, groupInstanceId }) => {
        const errorCode = groups.leave(request.groupId, { memberId, groupInstanceId });
        return { memberId, groupInstanceId, errorCode };
      });
      reply(leaveResponse(context, members));
    }, leaveFailure);
  }

  async offsetCommit(
    _context: GroupRequestContext,
    request: messages.OffsetCommitRequest,
  ): Promise<messages.OffsetCommitResponse> {
    const { groupId } = request;
    const result = await this.#ask<CommitResult | ErrorCode>((reply) => {
      const commit = commitRequest(request, this.#options.clock.nowMs());
      this.#shards.groupsOf(groupId).commit(groupId, commit, reply);
    }, identity);
    return typeof result === 'number'
      ? commitFailure(request, result)
      : commitResponse(request, result);
  }

  /** The whole of a group's positions, or the ones asked for; many groups from version 8 on. */
  offsetFetch(
    context: GroupRequestContext,
    request: messages.OffsetFetchRequest,
  ): Promise<messages.OffsetFetchResponse> {
    if (context.apiVersion >= 8) {
      const groups = request.groups
        .map((group) => this.#fetchGroup(group))
        .map(withoutTopicsOnError);
      return Promise.resolve({ throttleTimeMs: 0, topics: [], errorCode: 0, groups });
    }
    const group = this.#fetchGroup(request);
    // Version 1 has no error of the whole: there each partition carries it.
    const { topics, errorCode } = context.apiVersion >= 2 ? withoutTopicsOnError(group) : group;
    return Promise.resolve({ throttleTimeMs: 0, topics, errorCode, groups: [] });
  }

  describeGroups(
    _context: GroupRequestContext,
    request: messages.DescribeGroupsRequest,
  ): Promise<messages.DescribeGroupsResponse> {
    const groups = request.groups.map((groupId) =>
      answerNow(
        () => describedGroup(groupId, this.#shards.groupsOf(groupId).get(groupId)),
        (errorCode) => failedDescription(groupId, errorCode),
      ),
    );
    return Promise.resolve({ throttleTimeMs: 0, groups });
  }

  /** Those of this broker; with COORDINATOR_LOAD_IN_PROGRESS where more will be known soon. */
  listGroups(
    _context: GroupRequestContext,
    request: messages.ListGroupsRequest,
  ): Promise<messages.ListGroupsResponse> {
    const errorCode = this.#shards.isLoading
      ? ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS
      : ErrorCodes.NONE;
    const groups = [...this.#shards.active()].flatMap((shard) =>
      listedGroups(shard.all(), request),
    );
    return Promise.resolve({ throttleTimeMs: 0, errorCode, groups });
  }

  async deleteGroups(
    _context: GroupRequestContext,
    request: messages.DeleteGroupsRequest,
  ): Promise<messages.DeleteGroupsResponse> {
    const names = [...new Set(request.groupsNames)];
    const results = await Promise.all(
      names.map(async (groupId) => ({
        groupId,
        errorCode: await this.#ask<ErrorCode>(
          (reply) => this.#shards.groupsOf(groupId).deleteGroup(groupId, reply),
          identity,
        ),
      })),
    );
    return { throttleTimeMs: 0, results };
  }

  /** OffsetDelete, in plain form: one code per place, or one error for all. */
  deleteOffsets(groupId: string, places: readonly OffsetPlace[]): Promise<OffsetDeleteResult> {
    return this.#ask<OffsetDeleteResult>(
      (reply) => this.#shards.groupsOf(groupId).deleteOffsets(groupId, places, reply),
      (errorCode) => ({ errorCode, places: [] }),
    );
  }

  #fetchGroup(requested: RequestedGroup): messages.OffsetFetchResponse['groups'][number] {
    const { groupId } = requested;
    return answerNow(
      () => fetchedGroup(this.#shards.groupsOf(groupId).get(groupId), requested),
      (errorCode) => fetchFailure(requested, errorCode),
    );
  }

  /** For requests of members: a group with members has a name. */
  #membersOf(groupId: string): Groups {
    if (groupId === '') throw new KafkaError(ErrorCodes.INVALID_GROUP_ID);
    return this.#shards.groupsOf(groupId);
  }

  #ask<T>(
    ask: (reply: (answer: T) => void) => void,
    failure: (errorCode: ErrorCode) => T,
  ): Promise<T> {
    return new Promise((resolve) => {
      try {
        ask(resolve);
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        resolve(failure(error.code));
      }
    });
  }
}

function answerNow<T>(answer: () => T, failure: (errorCode: ErrorCode) => T): T {
  try {
    return answer();
  } catch (error) {
    if (error instanceof KafkaError) return failure(error.code);
    throw error;
  }
}

type FetchedGroup = messages.OffsetFetchResponse['groups'][number];

function withoutTopicsOnError(group: FetchedGroup): FetchedGroup {
  return group.errorCode === ErrorCodes.NONE ? group : { ...group, topics: [] };
}

function identity(errorCode: ErrorCode): ErrorCode {
  return errorCode;
}

/** While loading the rebalance is lost: the group has to start over with JoinGroup. */
function syncUnavailable(errorCode: ErrorCode): SyncResult {
  const isLoading = errorCode === ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS;
  return syncFailure(isLoading ? ErrorCodes.REBALANCE_IN_PROGRESS : errorCode);
}
