/** The requests and answers of the group APIs. */

import type { deleteGroups } from '../../protocol/messages/delete-groups.ts';
import type { describeGroups } from '../../protocol/messages/describe-groups.ts';
import type { heartbeat } from '../../protocol/messages/heartbeat.ts';
import type { joinGroup } from '../../protocol/messages/join-group.ts';
import type { leaveGroup } from '../../protocol/messages/leave-group.ts';
import type { listGroups } from '../../protocol/messages/list-groups.ts';
import type { offsetCommit } from '../../protocol/messages/offset-commit.ts';
import type { offsetFetch } from '../../protocol/messages/offset-fetch.ts';
import type { syncGroup } from '../../protocol/messages/sync-group.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';

export type JoinGroupRequest = RequestOf<typeof joinGroup>;
export type JoinGroupResponse = ResponseOf<typeof joinGroup>;
export type SyncGroupRequest = RequestOf<typeof syncGroup>;
export type SyncGroupResponse = ResponseOf<typeof syncGroup>;
export type HeartbeatRequest = RequestOf<typeof heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof heartbeat>;
export type LeaveGroupRequest = RequestOf<typeof leaveGroup>;
export type LeaveGroupResponse = ResponseOf<typeof leaveGroup>;
export type OffsetCommitRequest = RequestOf<typeof offsetCommit>;
export type OffsetCommitResponse = ResponseOf<typeof offsetCommit>;
export type OffsetFetchRequest = RequestOf<typeof offsetFetch>;
export type OffsetFetchResponse = ResponseOf<typeof offsetFetch>;
export type DescribeGroupsRequest = RequestOf<typeof describeGroups>;
export type DescribeGroupsResponse = ResponseOf<typeof describeGroups>;
export type ListGroupsRequest = RequestOf<typeof listGroups>;
export type ListGroupsResponse = ResponseOf<typeof listGroups>;
export type DeleteGroupsRequest = RequestOf<typeof deleteGroups>;
export type DeleteGroupsResponse = ResponseOf<typeof deleteGroups>;
