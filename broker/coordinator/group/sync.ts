/**
 * SyncGroup and Heartbeat on one group. The leader's assignment is stored before anybody hears of
 * it: what a member works by survives the coordinator.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupEnvironment, Reply } from './environment.ts';
import type { Member, SyncResult } from './member.ts';
import { NO_BYTES, syncFailure } from './member.ts';
import type { GenerationClaim } from './member-check.ts';
import { checkGeneration } from './member-check.ts';
import type { Rebalance } from './rebalance.ts';
import { groupWriteError } from './write-errors.ts';

export interface SyncRequest extends GenerationClaim {
  /** Null where the version has none. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** From the leader; others send none. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
}

export class Sync {
  readonly #environment: GroupEnvironment;
  readonly #rebalance: Rebalance;

  constructor(environment: GroupEnvironment, rebalance: Rebalance) {
    this.#environment = environment;
    this.#rebalance = rebalance;
  }

  run(group: ClassicGroup, request: SyncRequest, reply: Reply<SyncResult>): void {
    const member = group.membership.get(request.memberId);
    const errorCode = checkSync(group, request);
    if (errorCode !== ErrorCodes.NONE || member === undefined) {
      reply(syncFailure(errorCode));
      return;
    }
    group.membership.awaitSync(member, reply);
    this.#rebalance.synced(group, member);
    if (group.state === 'Stable') {
      this.#rebalance.answerSync(group, member, ErrorCodes.NONE);
    } else if (group.membership.isLeader(member.id) && !isAssigning(group)) {
      this.#storeAssignment(group, request.assignments);
    }
  }

  heartbeat(group: ClassicGroup, claim: GenerationClaim): ErrorCode {
    const errorCode = checkGeneration(group, claim);
    const member = group.membership.get(claim.memberId);
    if (errorCode !== ErrorCodes.NONE || member === undefined) return errorCode;
    this.#rebalance.watchSession(group, member);
    const isRebalancing = group.state === 'PreparingRebalance';
    return isRebalancing ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
  }

  #storeAssignment(group: ClassicGroup, assignments: SyncRequest['assignments']): void {
    const { generationId } = group;
    group.assigningGenerationId = generationId;
    // Copies: the request's bytes are views of a network buffer.
    const byMember = new Map(
      assignments.map(({ memberId, assignment }) => [memberId, Buffer.from(assignment)]),
    );
    const assignmentOf = ({ id }: Member): Buffer => byMember.get(id) ?? NO_BYTES;
    const value = group.toStored(assignmentOf);
    this.#environment.write([{ kind: 'metadata', groupId: group.id, value }], {
      answered: (errorCode) => {
        // Another rebalance may have begun meanwhile; it has answered everybody.
        if (group.state !== 'CompletingRebalance' || group.generationId !== generationId) return;
        if (errorCode === ErrorCodes.NONE) this.#propagate(group, assignmentOf);
        else this.#giveUp(group, groupWriteError(errorCode));
      },
    });
  }

  #propagate(group: ClassicGroup, assignmentOf: (member: Member) => Buffer): void {
    group.transitionTo('Stable', this.#environment.nowMs());
    for (const member of group.membership.all()) {
      member.assignment = assignmentOf(member);
      this.#rebalance.answerSync(group, member, ErrorCodes.NONE);
    }
  }

  #giveUp(group: ClassicGroup, errorCode: ErrorCode): void {
    this.#rebalance.failAssignment(group, errorCode);
    this.#rebalance.prepareIfSettled(group);
  }
}

/** A leader that repeats itself gets the answer of its first assignment: that one is stored. */
function isAssigning(group: ClassicGroup): boolean {
  return group.assigningGenerationId === group.generationId;
}

function checkSync(group: ClassicGroup, request: SyncRequest): ErrorCode {
  const errorCode = checkGeneration(group, request);
  if (errorCode !== ErrorCodes.NONE) return errorCode;
  const { protocolType, protocolName } = request;
  const isOtherType = protocolType !== null && protocolType !== group.protocolType;
  const isOtherName = protocolName !== null && protocolName !== group.protocolName;
  if (isOtherType || isOtherName) return ErrorCodes.INCONSISTENT_GROUP_PROTOCOL;
  return group.state === 'PreparingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
}
