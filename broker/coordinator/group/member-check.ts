/** Whether a request comes from a present member of the group. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';

export interface Claim {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface GenerationClaim extends Claim {
  readonly generationId: number;
}

/** FENCED_INSTANCE_ID where another member has taken the instance over (KIP-345). */
export function checkMember(group: ClassicGroup, claim: Claim): ErrorCode {
  const { memberId, groupInstanceId } = claim;
  if (groupInstanceId !== null) {
    const owner = group.membership.idOfInstance(groupInstanceId);
    if (owner === undefined) return ErrorCodes.UNKNOWN_MEMBER_ID;
    return owner === memberId ? ErrorCodes.NONE : ErrorCodes.FENCED_INSTANCE_ID;
  }
  const isMember = group.membership.get(memberId) !== undefined;
  return isMember ? ErrorCodes.NONE : ErrorCodes.UNKNOWN_MEMBER_ID;
}

export function checkGeneration(group: ClassicGroup, claim: GenerationClaim): ErrorCode {
  if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
  const errorCode = checkMember(group, claim);
  if (errorCode !== ErrorCodes.NONE) return errorCode;
  const isCurrent = claim.generationId === group.generationId;
  return isCurrent ? ErrorCodes.NONE : ErrorCodes.ILLEGAL_GENERATION;
}
