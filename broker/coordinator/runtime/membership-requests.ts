/** JoinGroup, SyncGroup and LeaveGroup: from the form of the wire, in all versions, and back. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { JoinRequest } from '../group/join.ts';
import type { JoinResult, SyncResult } from '../group/member.ts';
import type {
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from './messages.ts';

export type GroupRequestContext = Pick<RequestContext, 'apiVersion' | 'clientId' | 'clientAddress'>;

export function joinRequest(context: GroupRequestContext, request: JoinGroupRequest): JoinRequest {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
  return {
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: context.clientId ?? '',
    // The form of Java's InetAddress, which tools show.
    clientHost: `/${context.clientAddress}`,
    protocolType: request.protocolType,
    terms: {
      // Copies: the request's bytes are views of a network buffer.
      protocols: request.protocols.map(({ name, metadata }) => ({
        name,
        metadata: Buffer.from(metadata),
      })),
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      sessionTimeoutMs,
    },
    knowsMemberIdRequired: context.apiVersion >= 4,
    knowsSkipAssignment: context.apiVersion >= 9,
  };
}

export function joinResponse(context: GroupRequestContext, result: JoinResult): JoinGroupResponse {
  const protocolName = result.protocolName ?? (context.apiVersion < 7 ? '' : null);
  return { throttleTimeMs: 0, ...result, protocolName };
}

export function syncResponse(result: SyncResult): SyncGroupResponse {
  return { throttleTimeMs: 0, ...result };
}

/** From version 5 on a member names the protocol by which it understood its generation. */
export function namesProtocol(context: GroupRequestContext, request: SyncGroupRequest): boolean {
  if (context.apiVersion < 5) return true;
  return request.protocolType !== null && request.protocolName !== null;
}

interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Until version 2 a request is about one member. */
export function leavingMembers(
  context: GroupRequestContext,
  request: LeaveGroupRequest,
): readonly LeavingMember[] {
  if (context.apiVersion >= 3) return request.members;
  return [{ memberId: request.memberId, groupInstanceId: null }];
}

export function leaveFailure(errorCode: ErrorCode): LeaveGroupResponse {
  return { throttleTimeMs: 0, errorCode, members: [] };
}

export function leaveResponse(
  context: GroupRequestContext,
  members: LeaveGroupResponse['members'],
): LeaveGroupResponse {
  if (context.apiVersion >= 3) return { throttleTimeMs: 0, errorCode: ErrorCodes.NONE, members };
  const errorCode = members[0]?.errorCode ?? ErrorCodes.NONE;
  return { throttleTimeMs: 0, errorCode, members: [] };
}
