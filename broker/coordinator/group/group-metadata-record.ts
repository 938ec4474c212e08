/**
 * Records of groups in __consumer_offsets: key version 2; values: 1 adds the rebalance timeout,
 * 2 the time of the last change of state (KIP-211), 3 static members (KIP-345), 4 is flexible
 * (KIP-915: written by newer brokers, read here). Written: 3.
 */

import type { TypeOf } from '../../protocol/schema/types.ts';
import { struct } from '../../protocol/schema/struct.ts';
import {
  array,
  bytes,
  field,
  int32,
  int64,
  nullableString,
  string,
} from '../../protocol/schema/types.ts';
import { versionedCodec } from './versioned-codec.ts';

const key = struct({ group: string });

const member = struct({
  memberId: string,
  groupInstanceId: field(nullableString, { since: 3, default: null, ignorable: true }),
  clientId: string,
  clientHost: string,
  rebalanceTimeoutMs: field(int32, { since: 1, ignorable: true }),
  sessionTimeoutMs: int32,
  subscription: bytes,
  assignment: bytes,
});

const value = struct({
  protocolType: string,
  generation: int32,
  protocol: nullableString,
  leader: nullableString,
  currentStateTimestamp: field(int64, { since: 2, default: -1n, ignorable: true }),
  members: array(member),
});

export type StoredMember = TypeOf<typeof member>;
/** What outlives a coordinator of a group's membership. currentStateTimestamp -1: not known. */
export type GroupMetadataValue = TypeOf<typeof value>;

export const GROUP_METADATA_KEY_VERSION = 2;
const VALUE_VERSION = 3;

const keyCodec = versionedCodec('group metadata key', key, {
  versionMin: GROUP_METADATA_KEY_VERSION,
  versionMax: GROUP_METADATA_KEY_VERSION,
});
const valueCodec = versionedCodec('group metadata value', value, {
  versionMax: 4,
  flexibleSince: 4,
});

export const decodeGroupMetadataKey = (encoded: Buffer): string => keyCodec.decode(encoded).group;

export function encodeGroupMetadataKey(group: string): Buffer {
  return keyCodec.encode({ group }, GROUP_METADATA_KEY_VERSION);
}

/** The byte fields are copies: a record outlives the buffer that it was read from. */
export function decodeGroupMetadataValue(encoded: Buffer): GroupMetadataValue {
  const decoded = valueCodec.decode(encoded);
  return {
    ...decoded,
    members: decoded.members.map((entry) => ({
      ...entry,
      subscription: Buffer.from(entry.subscription),
      assignment: Buffer.from(entry.assignment),
    })),
  };
}

export function encodeGroupMetadataValue(metadata: GroupMetadataValue): Buffer {
  return valueCodec.encode(metadata, VALUE_VERSION);
}
