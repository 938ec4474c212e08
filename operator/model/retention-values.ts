/** Retention of a resource in the form of Kafka's keys: -1 is no limit. */

import assert from 'node:assert/strict';

import { isUnlimited, parseDuration } from '../api/duration.ts';
import { parseQuantity } from '../api/quantity.ts';

/** The value of retention.ms and log.retention.ms. The schema has accepted `time`. */
export function retentionMsValue(time: string | number): string {
  const ms = parseDuration(time);
  assert(ms !== null, 'a duration that the schema accepted');
  return ms === Infinity ? '-1' : String(ms);
}

/** The value of retention.bytes and log.retention.bytes. The schema has accepted `bytes`. */
export function retentionBytesValue(bytes: string | number): string {
  if (isUnlimited(String(bytes))) return '-1';
  const size = parseQuantity(bytes);
  assert(size !== null && Number.isSafeInteger(size), 'a size that the schema accepted');
  return String(size);
}
