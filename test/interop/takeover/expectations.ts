/** What a takeover must leave as it was. */

import assert from 'node:assert/strict';
import { expect } from '@jest/globals';
import type { Expected } from './data-set.ts';
import type { PartitionContent } from './takeover-client.ts';
import { compactedTopic, tornTopic } from './topics.ts';

/** Every record, to its offset, key, value, headers and time; of a torn topic all but the last batch. */
export function expectSameContent(
  actual: Expected,
  expected: Expected,
  { isTorn }: { readonly isTorn: boolean },
): void {
  expect([...actual.content.keys()].sort()).toEqual([...expected.content.keys()].sort());
  for (const [partition, before] of expected.content) {
    const now = contentOf(actual, partition);
    if (partition.startsWith(`${compactedTopic}-`)) expectSameState(partition, now, before);
    else if (isTorn && partition.startsWith(`${tornTopic}-`)) expectLastBatchCut(now, before);
    else expect([partition, now]).toEqual([partition, before]);
  }
}

/** All that was there is there, and more behind it. */
export function expectMore(actual: Expected, expected: Expected): void {
  for (const [partition, before] of expected.content) {
    if (partition.startsWith(`${compactedTopic}-`)) continue;
    const now = contentOf(actual, partition);
    expect([partition, now.records.slice(0, before.records.length)]).toEqual([
      partition,
      before.records,
    ]);
    expect(now.bounds.end).toBeGreaterThan(before.bounds.end);
  }
}

/** A cleaner may have run once more: the last record of each key is there, and nothing else is new. */
function expectSameState(partition: string, now: PartitionContent, before: PartitionContent): void {
  expect([partition, now.bounds.end]).toEqual([partition, before.bounds.end]);
  expect([partition, lastByKey(now)]).toEqual([partition, lastByKey(before)]);
  const known = new Set(before.records);
  expect(now.records.filter((record) => !known.has(record))).toEqual([]);
}

function expectLastBatchCut(now: PartitionContent, before: PartitionContent): void {
  expect(now.records.length).toBeLessThan(before.records.length);
  // No batch of these has more.
  expect(now.records.length).toBeGreaterThan(before.records.length - 50);
  expect(now.records).toEqual(before.records.slice(0, now.records.length));
  expect(now.bounds.end).toBe(now.records.length);
}

function lastByKey({ records }: PartitionContent): ReadonlyMap<string, string> {
  return new Map(records.map((record) => [record.split(' ')[1] ?? '', record]));
}

function contentOf({ content }: Expected, partition: string): PartitionContent {
  const found = content.get(partition);
  assert(found !== undefined, `${partition} is there`);
  return found;
}
