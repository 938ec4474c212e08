/** LeaveGroup on one group, for one of the members that the request names. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { Claim } from './member-check.ts';
import { checkMember } from './member-check.ts';
import type { Rebalance } from './rebalance.ts';

/** An empty member id with an instance id: an administrator removes whoever has the instance. */
export function leave(group: ClassicGroup, claim: Claim, rebalance: Rebalance): ErrorCode {
  const { membership } = group;
  if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
  if (claim.groupInstanceId === null && membership.isPending(claim.memberId)) {
    rebalance.removePending(group, claim.memberId);
    return ErrorCodes.NONE;
  }
  const memberId = claim.memberId === '' ? ownerOf(group, claim) : claim.memberId;
  const errorCode = checkMember(group, { ...claim, memberId });
  const member = membership.get(memberId);
  if (errorCode === ErrorCodes.NONE && member !== undefined) rebalance.remove(group, member);
  return errorCode;
}

function ownerOf(group: ClassicGroup, { groupInstanceId }: Claim): string {
  return (groupInstanceId === null ? '' : group.membership.idOfInstance(groupInstanceId)) ?? '';
}
