/** What DescribeGroups and ListGroups say of a group. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from '../group/classic-group.ts';
import { NO_BYTES } from '../group/member.ts';
import type { DescribeGroupsResponse, ListGroupsRequest, ListGroupsResponse } from './messages.ts';

type DescribedGroup = DescribeGroupsResponse['groups'][number];

/** The protocol's value for "not asked"; the handler, which knows the principal, fills it in. */
const NO_OPERATIONS = -0x80000000;

/** A group that nobody knows is Dead, without an error: clients rely on it. */
export function describedGroup(groupId: string, group: ClassicGroup | undefined): DescribedGroup {
  if (group === undefined) return { ...failedDescription(groupId, 0), groupState: 'Dead' };
  // Until a generation is complete, protocol and assignments are those of the past.
  const isStable = group.state === 'Stable';
  const members = [...group.membership.all()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.identity.instanceId,
    clientId: member.identity.clientId,
    clientHost: member.identity.clientHost,
    memberMetadata: isStable ? member.metadataOf(group.protocolName) : NO_BYTES,
    memberAssignment: isStable ? member.assignment : NO_BYTES,
  }));
  return {
    errorCode: ErrorCodes.NONE,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members,
    authorizedOperations: NO_OPERATIONS,
  };
}

export function failedDescription(groupId: string, errorCode: ErrorCode): DescribedGroup {
  return {
    errorCode,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: NO_OPERATIONS,
  };
}

/** Empty filters let everything pass; names are compared without case. */
export function listedGroups(
  groups: Iterable<ClassicGroup>,
  { statesFilter, typesFilter }: ListGroupsRequest,
): ListGroupsResponse['groups'] {
  const states = new Set(statesFilter.map(normalized));
  const types = new Set(typesFilter.map(normalized));
  if (types.size > 0 && !types.has('classic')) return [];
  const listed = [];
  for (const { id: groupId, state: groupState, protocolType } of groups) {
    if (states.size > 0 && !states.has(normalized(groupState))) continue;
    listed.push({
      groupId,
      protocolType: protocolType ?? '',
      groupState,
      groupType: 'classic',
    });
  }
  return listed;
}

function normalized(name: string): string {
  return name.trim().toLowerCase();
}
