/** OffsetCommit on one group: who may commit, what is too large, and the records. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupEnvironment, Reply } from './environment.ts';
import type { GroupRecord } from './group-record.ts';
import type { GenerationClaim } from './member-check.ts';
import { checkGeneration } from './member-check.ts';
import type { OffsetCommitValue } from './offset-commit-record.ts';
import type { Rebalance } from './rebalance.ts';
import { offsetWriteError } from './write-errors.ts';

interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly value: OffsetCommitValue;
}

export interface CommitRequest extends GenerationClaim {
  readonly offsets: readonly OffsetToCommit[];
}

/** One code per offset, in the order of the request. */
export type CommitResult = readonly ErrorCode[];

export class CommitOffsets {
  readonly #environment: GroupEnvironment;
  readonly #rebalance: Rebalance;

  constructor(environment: GroupEnvironment, rebalance: Rebalance) {
    this.#environment = environment;
    this.#rebalance = rebalance;
  }

  run(group: ClassicGroup, request: CommitRequest, reply: Reply<CommitResult>): void {
    const errorCode = this.#check(group, request);
    if (errorCode === ErrorCodes.NONE) this.#store(group, request.offsets, reply);
    else reply(request.offsets.map(() => errorCode));
  }

  #check(group: ClassicGroup, request: CommitRequest): ErrorCode {
    const errorCode = checkCommitter(group, request);
    const member = group.membership.get(request.memberId);
    if (errorCode !== ErrorCodes.NONE || member === undefined) return errorCode;
    // A commit is a sign of life; between join and sync the member has yet to learn what it owns.
    this.#rebalance.watchSession(group, member);
    const isUnassigned = group.state === 'CompletingRebalance';
    return isUnassigned ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
  }

  #store(
    group: ClassicGroup,
    offsets: readonly OffsetToCommit[],
    reply: Reply<CommitResult>,
  ): void {
    const { offsetMetadataSizeMax } = this.#environment.settings;
    const isTooLarge = ({ value }: OffsetToCommit): boolean =>
      value.metadata.length > offsetMetadataSizeMax;
    const records: GroupRecord[] = [];
    for (const offset of offsets) {
      if (isTooLarge(offset)) continue;
      const { topic, partition, value } = offset;
      records.push({ kind: 'offset', groupId: group.id, topic, partition, value });
    }
    const answer = (errorCode: ErrorCode): void =>
      reply(
        offsets.map((offset) =>
          isTooLarge(offset) ? ErrorCodes.OFFSET_METADATA_TOO_LARGE : errorCode,
        ),
      );
    if (records.length === 0) {
      answer(ErrorCodes.NONE);
      return;
    }
    this.#environment.write(records, {
      answered: (errorCode) => answer(offsetWriteError(errorCode)),
    });
  }
}

/** A group without members takes anybody's offsets; one with members takes theirs only. */
function checkCommitter(group: ClassicGroup, claim: GenerationClaim): ErrorCode {
  if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
  if (claim.generationId < 0 && group.state === 'Empty') return ErrorCodes.NONE;
  const isMembers =
    claim.generationId >= 0 || claim.memberId !== '' || claim.groupInstanceId !== null;
  if (isMembers) return checkGeneration(group, claim);
  return ErrorCodes.UNKNOWN_MEMBER_ID;
}
