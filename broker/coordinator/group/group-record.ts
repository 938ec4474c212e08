/** What a write says and a replay reads: the two kinds of records of the classic group protocol. */

import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { GroupMetadataValue } from './group-metadata-record.ts';
import {
  GROUP_METADATA_KEY_VERSION,
  decodeGroupMetadataKey,
  decodeGroupMetadataValue,
  encodeGroupMetadataKey,
  encodeGroupMetadataValue,
} from './group-metadata-record.ts';
import type { OffsetCommitValue } from './offset-commit-record.ts';
import {
  OFFSET_COMMIT_KEY_VERSION_MAX,
  decodeOffsetCommitKey,
  decodeOffsetCommitValue,
  encodeOffsetCommitKey,
  encodeOffsetCommitValue,
} from './offset-commit-record.ts';

interface OffsetRecord {
  readonly kind: 'offset';
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** Null forgets the offset. */
  readonly value: OffsetCommitValue | null;
}

interface MetadataRecord {
  readonly kind: 'metadata';
  readonly groupId: string;
  /** Null forgets the group's membership. */
  readonly value: GroupMetadataValue | null;
}

export type GroupRecord = OffsetRecord | MetadataRecord;

interface EncodedRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export function encodeGroupRecord(record: GroupRecord): EncodedRecord {
  if (record.kind === 'metadata') {
    return {
      key: encodeGroupMetadataKey(record.groupId),
      value: record.value === null ? null : encodeGroupMetadataValue(record.value),
    };
  }
  const { groupId: group, topic, partition, value } = record;
  return {
    key: encodeOffsetCommitKey({ group, topic, partition }),
    value: value === null ? null : encodeOffsetCommitValue(value),
  };
}

/**
 * Null for a key of a version that this code does not know: the record belongs to another protocol
 * (KIP-848 starts at 3) and changes no classic group. Throws ProtocolError for damaged records.
 */
export function decodeGroupRecord(key: Buffer | null, value: Buffer | null): GroupRecord | null {
  if (key === null || key.length < 2) throw new ProtocolError('a record has no key');
  const version = key.readInt16BE(0);
  if (version >= 0 && version <= OFFSET_COMMIT_KEY_VERSION_MAX) {
    const { group: groupId, topic, partition } = decodeOffsetCommitKey(key);
    const offset = value === null ? null : decodeOffsetCommitValue(value);
    return { kind: 'offset', groupId, topic, partition, value: offset };
  }
  if (version !== GROUP_METADATA_KEY_VERSION) return null;
  return {
    kind: 'metadata',
    groupId: decodeGroupMetadataKey(key),
    value: value === null ? null : decodeGroupMetadataValue(value),
  };
}
