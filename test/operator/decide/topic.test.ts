import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { KafkaTopicSpec } from '../../../operator/api/kafka-topic.ts';
import { configDifference, decideTopic } from '../../../operator/decide/topic.ts';
import { topicOwner } from '../../../operator/decide/topic-owner.ts';

const base: KafkaTopicSpec = { clusterRef: { name: 'demo' }, deletionPolicy: 'Delete' };

function decided(
  spec: Partial<KafkaTopicSpec>,
  config: Record<string, string>,
  managed = true,
): object {
  const observed = { partitions: 3, replicas: 1, config: new Map(Object.entries(config)) };
  return decideTopic({ spec: { ...base, ...spec }, observed, managed });
}

describe('decideTopic', () => {
  it('creates a topic that is not there, with the defaults of the broker', () => {
    const spec = { ...base, retention: { time: '3d', bytes: '20Gi' } };
    expect(decideTopic({ spec, observed: null, managed: false }).actions).toEqual([
      {
        kind: 'create',
        partitions: -1,
        replicationFactor: -1,
        config: { 'retention.ms': '259200000', 'retention.bytes': '21474836480' },
      },
    ]);
  });

  it('does nothing to a topic that is as wanted', () => {
    expect(decided({ partitions: 3 }, {})).toEqual({ actions: [], problems: [] });
  });

  it('grows partitions and puts configuration back', () => {
    const spec: Partial<KafkaTopicSpec> = { partitions: 5, cleanupPolicy: 'Compact' };
    expect(decided(spec, { 'retention.ms': '1' })).toMatchObject({
      actions: [
        { kind: 'create-partitions', count: 5 },
        {
          kind: 'alter-config',
          changes: [
            { key: 'cleanup.policy', value: 'compact' },
            { key: 'retention.ms', value: null },
          ],
        },
      ],
      problems: [],
    });
  });

  it('still repairs configuration where the number of partitions is refused', () => {
    expect(decided({ partitions: 2 }, { 'retention.ms': '1' })).toMatchObject({
      actions: [{ kind: 'alter-config' }],
      problems: [{ field: 'spec.partitions', value: 2 }],
    });
  });

  it('takes over a foreign topic only if it is identical', () => {
    expect(decided({ partitions: 3 }, {}, false)).toEqual({ actions: [], problems: [] });
    expect(decided({ partitions: 4 }, { 'retention.ms': '1' }, false)).toMatchObject({
      actions: [],
      problems: [{ field: 'spec.partitions' }, { field: 'topic configuration retention.ms' }],
    });
  });

  it('has nothing left to change once its changes are made', () => {
    const config = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.string());
    fc.assert(
      fc.property(config, config, (wanted, observed) => {
        const after = new Map(Object.entries(observed));
        for (const { key, value } of configDifference(wanted, after)) {
          if (value === null) after.delete(key);
          else after.set(key, value);
        }
        expect(configDifference(wanted, after)).toEqual([]);
      }),
    );
  });
});

describe('topicOwner', () => {
  const claim = (
    name: string,
    creationTimestamp: string,
    uid = name,
  ): Parameters<typeof topicOwner>[0] => ({
    name,
    uid,
    creationTimestamp,
    clusterName: 'demo',
    topicName: 'orders',
  });

  it.each([
    ['the older', claim('b', '2026-01-02T00:00:00Z'), claim('a', '2026-01-01T00:00:00Z'), 'a'],
    [
      'nobody above the oldest',
      claim('a', '2026-01-01T00:00:00Z'),
      claim('b', '2026-01-02T00:00:00Z'),
      null,
    ],
    [
      'of two of one second the lower uid',
      claim('b', '2026-01-01T00:00:00Z', '2'),
      claim('a', '2026-01-01T00:00:00Z', '1'),
      'a',
    ],
  ])('is %s', (_, own, other, expected) => {
    expect(topicOwner(own, [own, other])?.name ?? null).toBe(expected);
  });
});
