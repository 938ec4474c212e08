/**
 * /brokers/topics/T: the replicas of each partition, the preferred leader first. Version 3 has the
 * topic id and what a reassignment adds and removes; versions 1 and 2, and topics made by the
 * --zookeeper tools, have no id.
 */

import { ZnodeFormatError, encodeZnode, parseZnode } from './json.ts';
import type { ZnodeObject } from './json.ts';

export type ReplicaLists = ReadonlyMap<number, readonly number[]>;

export interface TopicAssignment {
  /** 22 characters of base64url; null where the topic has none. */
  readonly topicId: string | null;
  readonly partitions: ReplicaLists;
  readonly addingReplicas: ReplicaLists;
  readonly removingReplicas: ReplicaLists;
}

export function encodeTopicAssignment(topic: TopicAssignment): Buffer {
  return encodeZnode({
    partitions: fromLists(topic.partitions),
    ...(topic.topicId === null ? {} : { topic_id: topic.topicId }),
    adding_replicas: fromLists(topic.addingReplicas),
    removing_replicas: fromLists(topic.removingReplicas),
    version: 3,
  });
}

export function decodeTopicAssignment(data: Buffer | null, path: string): TopicAssignment {
  const root = parseZnode(data, path);
  return {
    topicId: readTopicId(root, path),
    partitions: readLists(root, 'partitions', path),
    addingReplicas: root.lacks('adding_replicas')
      ? new Map()
      : readLists(root, 'adding_replicas', path),
    removingReplicas: root.lacks('removing_replicas')
      ? new Map()
      : readLists(root, 'removing_replicas', path),
  };
}

function readTopicId(root: ZnodeObject, path: string): string | null {
  const id = root.textOrNull('topic_id');
  if (id !== null && !/^[A-Za-z0-9_-]{22}$/.test(id)) {
    throw new ZnodeFormatError(path, `topic_id '${id}' is not a UUID of 22 characters`);
  }
  return id;
}

function readLists(root: ZnodeObject, key: string, path: string): ReplicaLists {
  const object = root.object(key);
  const lists: [number, readonly number[]][] = [];
  for (const partition of object.keys()) {
    if (!/^\d{1,9}$/.test(partition)) {
      throw new ZnodeFormatError(path, `${key} has a partition '${partition}'`);
    }
    lists.push([Number(partition), object.integers(partition)]);
  }
  return new Map(lists.sort(([left], [right]) => left - right));
}

function fromLists(lists: ReplicaLists): Record<string, readonly number[]> {
  return Object.fromEntries(
    [...lists].map(([partition, replicas]) => [String(partition), replicas]),
  );
}
