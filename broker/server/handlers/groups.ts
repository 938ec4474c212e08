/**
 * The group APIs: authorization here, everything else in the group coordinator. Versions and errors:
 * see the message of each API.
 */

import type { GroupCoordinator } from '../../coordinator/runtime/group-coordinator.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { deleteGroups } from '../../protocol/messages/delete-groups.ts';
import { describeGroups } from '../../protocol/messages/describe-groups.ts';
import { heartbeat } from '../../protocol/messages/heartbeat.ts';
import { joinGroup } from '../../protocol/messages/join-group.ts';
import { leaveGroup } from '../../protocol/messages/leave-group.ts';
import { listGroups } from '../../protocol/messages/list-groups.ts';
import { syncGroup } from '../../protocol/messages/sync-group.ts';
import type { Authorizer, Operation } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface GroupPorts {
  readonly groups: GroupCoordinator;
  readonly authorizer: Authorizer;
}

const REFUSED = ErrorCodes.GROUP_AUTHORIZATION_FAILED;

export function groupHandlers({ groups, authorizer }: GroupPorts): ApiHandler[] {
  const may = (context: RequestContext, operation: Operation, groupId: string): boolean =>
    authorizer.authorize(context, operation, { type: 'GROUP', name: groupId });
  return [
    serve(joinGroup, [0, 9], (context, request) =>
      may(context, 'READ', request.groupId)
        ? groups.joinGroup(context, request)
        : { ...joinGroup.response.initial, errorCode: REFUSED, memberId: request.memberId },
    ),
    serve(syncGroup, [0, 5], (context, request) =>
      may(context, 'READ', request.groupId)
        ? groups.syncGroup(context, request)
        : { ...syncGroup.response.initial, errorCode: REFUSED },
    ),
    serve(heartbeat, [0, 4], (context, request) =>
      may(context, 'READ', request.groupId)
        ? groups.heartbeat(context, request)
        : { ...heartbeat.response.initial, errorCode: REFUSED },
    ),
    serve(leaveGroup, [0, 5], (context, request) =>
      may(context, 'READ', request.groupId)
        ? groups.leaveGroup(context, request)
        : { ...leaveGroup.response.initial, errorCode: REFUSED },
    ),
    serve(describeGroups, [0, 5], async (context, request) => {
      const allowed = request.groups.filter((name) => may(context, 'DESCRIBE', name));
      const answer = await groups.describeGroups(context, {
        ...request,
        groups: allowed,
      });
      const refused = request.groups
        .filter((name) => !allowed.includes(name))
        .map((groupId) => ({ ...failedGroup, groupId, errorCode: REFUSED }));
      return { ...answer, groups: [...answer.groups, ...refused] };
    }),
    serve(listGroups, [0, 5], async (context, request) => {
      const answer = await groups.listGroups(context, request);
      if (authorizer.authorize(context, 'DESCRIBE', clusterResource)) return answer;
      const visible = answer.groups.filter(({ groupId }) => may(context, 'DESCRIBE', groupId));
      return { ...answer, groups: visible };
    }),
    serve(deleteGroups, [0, 2], async (context, request) => {
      const allowed = request.groupsNames.filter((name) => may(context, 'DELETE', name));
      const answer = await groups.deleteGroups(context, {
        groupsNames: allowed,
      });
      const refused = request.groupsNames
        .filter((name) => !allowed.includes(name))
        .map((groupId) => ({ groupId, errorCode: REFUSED }));
      return { ...answer, results: [...answer.results, ...refused] };
    }),
  ];
}

const failedGroup = {
  errorMessage: null,
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
  authorizedOperations: -0x80000000,
};
