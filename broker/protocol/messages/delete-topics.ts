/**
 * DeleteTopics (20): answered by the controller.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 TOPIC_DELETION_DISABLED ·
 * 4 flexible · 5 error messages, THROTTLING_QUOTA_EXCEEDED (KIP-599) · 6 by topic id (KIP-516).
 * Errors: NOT_CONTROLLER, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, TOPIC_DELETION_DISABLED,
 * INVALID_REQUEST, REQUEST_TIMED_OUT, THROTTLING_QUOTA_EXCEEDED, TOPIC_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, nullableString, string, uuid } from '../schema/types.ts';

const requestTopic = struct({
  name: field(nullableString, { default: null }),
  topicId: uuid,
});

const responseTopic = struct({
  name: field(nullableString, { nullableSince: 6 }),
  topicId: field(uuid, { since: 6, ignorable: true }),
  errorCode: int16,
  errorMessage: field(nullableString, { since: 5, default: null, ignorable: true }),
});

export const deleteTopics = defineApi({
  name: 'DeleteTopics',
  key: 20,
  versions: [0, 6],
  flexibleSince: 4,
  request: struct({
    topics: field(array(requestTopic), { since: 6 }),
    topicNames: field(array(string), { until: 5, ignorable: true }),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    responses: array(responseTopic),
  }),
});
