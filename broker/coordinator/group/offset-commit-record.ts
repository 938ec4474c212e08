/**
 * Records of committed offsets in __consumer_offsets. Key versions 0 and 1 are equal; values:
 * 1 adds an expiry time (KIP-211 dropped it in 2), 3 the leader epoch (KIP-320), 4 is flexible
 * (KIP-915: written by newer brokers, read here). Written: key 1; value 3, or 1 where the client
 * asked for a retention time of its own.
 */

import type { TypeOf } from '../../protocol/schema/types.ts';
import { struct } from '../../protocol/schema/struct.ts';
import { field, int32, int64, string } from '../../protocol/schema/types.ts';
import { versionedCodec } from './versioned-codec.ts';

const NO_EXPIRY = -1n;

const key = struct({ group: string, topic: string, partition: int32 });

const value = struct({
  offset: int64,
  leaderEpoch: field(int32, { since: 3, default: -1, ignorable: true }),
  metadata: string,
  commitTimestamp: int64,
  expireTimestamp: field(int64, { since: 1, until: 1, default: NO_EXPIRY, ignorable: true }),
});

type OffsetCommitKey = TypeOf<typeof key>;
/** Times in milliseconds since the epoch, as the client gave them; expireTimestamp -1: none. */
export type OffsetCommitValue = TypeOf<typeof value>;

export const OFFSET_COMMIT_KEY_VERSION_MAX = 1;

const keyCodec = versionedCodec('offset commit key', key, { versionMax: 1 });
const valueCodec = versionedCodec('offset commit value', value, {
  versionMax: 4,
  flexibleSince: 4,
});

export const decodeOffsetCommitKey = (bytes: Buffer): OffsetCommitKey => keyCodec.decode(bytes);

export function encodeOffsetCommitKey(offsetKey: OffsetCommitKey): Buffer {
  return keyCodec.encode(offsetKey, OFFSET_COMMIT_KEY_VERSION_MAX);
}

export const decodeOffsetCommitValue = (bytes: Buffer): OffsetCommitValue =>
  valueCodec.decode(bytes);

export function encodeOffsetCommitValue(offset: OffsetCommitValue): Buffer {
  return valueCodec.encode(offset, offset.expireTimestamp === NO_EXPIRY ? 3 : 1);
}
