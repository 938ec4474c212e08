/**
 * Which committed offsets have run out (KIP-211): of a group without members, the retention counts
 * from when the last one left; of a Stable group of consumers, only offsets of topics that nobody
 * subscribes to any more, from their commit; of a group that never had members, from their commit.
 * An expiry time that the client itself asked for goes before all that.
 */

import type { ClassicGroup } from './classic-group.ts';
import type { OffsetEntry, OffsetPlace } from './group-offsets.ts';
import { subscribedTopics } from './subscription.ts';

interface ExpiryRule {
  readonly nowMs: number;
  readonly retentionMs: number;
}

/** Offsets with a commit under way are left alone: the tombstone would follow it in the log. */
export function expiredOffsets(group: ClassicGroup, rule: ExpiryRule): readonly OffsetPlace[] {
  const { offsets, protocolType } = group;
  if (offsets.count === 0) return [];
  const expired: OffsetPlace[] = [];
  const collect = (sinceMs: number | null, inUse: ReadonlySet<string> | null): void => {
    for (const entry of offsets.all()) {
      if (inUse?.has(entry.topic) === true || offsets.isWriting(entry.topic, entry.partition)) {
        continue;
      }
      if (hasExpired(entry, sinceMs, rule)) {
        expired.push({ topic: entry.topic, partition: entry.partition });
      }
    }
  };
  if (protocolType === null) collect(null, null);
  else if (group.state === 'Empty') collect(group.stateSinceMs, null);
  else if (group.state === 'Stable') {
    const inUse = subscribedTopics(group);
    if (inUse !== null) collect(null, inUse);
  }
  return expired;
}

/** `sinceMs` null: the retention counts from the commit. */
function hasExpired({ value }: OffsetEntry, sinceMs: number | null, rule: ExpiryRule): boolean {
  const { nowMs, retentionMs } = rule;
  if (value.expireTimestamp >= 0n) return nowMs >= Number(value.expireTimestamp);
  return nowMs - (sinceMs ?? Number(value.commitTimestamp)) >= retentionMs;
}
