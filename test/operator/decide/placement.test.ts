import { describe, expect, it } from '@jest/globals';

import type { KafkaTopicSpec } from '../../../operator/api/kafka-topic.ts';
import type { ObservedBrokers } from '../../../operator/decide/placement.ts';
import { placementHold, placesPartitions } from '../../../operator/decide/placement.ts';

const spec: KafkaTopicSpec = { clusterRef: { name: 'demo' }, deletionPolicy: 'Delete' };
const forming: ObservedBrokers = {
  wanted: [10, 11, 12],
  formedCount: 0,
  registered: [10],
  defaultReplicas: 1,
  quietMs: 2_000,
};

function held(brokers: Partial<ObservedBrokers>, replicas?: number): string | null {
  const wanted = replicas === undefined ? spec : { ...spec, replicas };
  return placementHold(wanted, { ...forming, ...brokers });
}

describe('placementHold', () => {
  it('names the brokers that a new cluster is still to get', () => {
    expect(held({})).toBe('1 of 3 brokers are registered, not 11, 12');
  });

  it('is over when all are registered, others among them or not', () => {
    expect(held({ registered: [12, 11, 10] })).toBeNull();
    expect(held({ registered: [10, 11, 12, 77] })).toBeNull();
  });

  it('is over when nothing has moved for a minute', () => {
    expect(held({ quietMs: 59_999 })).not.toBeNull();
    expect(held({ quietMs: 60_000 })).toBeNull();
  });

  it('is not for brokers that were there before', () => {
    expect(held({ formedCount: 3 })).toBeNull();
  });

  it('is for brokers that are added, and for these only', () => {
    expect(held({ formedCount: 2, registered: [10, 12] })).toBeNull();
    expect(held({ formedCount: 2, registered: [10, 11] })).toMatch(/not 12$/);
  });

  it('lasts while there are fewer brokers than replicas, however long that is', () => {
    const late = { formedCount: 3, registered: [10, 11], quietMs: 3_600_000 };
    expect(held(late, 2)).toBeNull();
    expect(held(late, 3)).toBe('spec.replicas is 3, and 2 of 3 brokers are registered, not 12');
    expect(held({ ...late, defaultReplicas: 3 })).toBe(
      'default.replication.factor is 3, and 2 of 3 brokers are registered, not 12',
    );
  });

  it('leaves it to Kafka to refuse more replicas than there will ever be brokers', () => {
    expect(held({ formedCount: 3 }, 4)).toBeNull();
  });

  it('is not where nobody knows which brokers are wanted', () => {
    expect(held({ wanted: [] })).toBeNull();
  });
});

describe('placesPartitions', () => {
  it('is true of what needs brokers for partitions', () => {
    expect(
      placesPartitions({ kind: 'create', partitions: 1, replicationFactor: 1, config: {} }),
    ).toBe(true);
    expect(placesPartitions({ kind: 'create-partitions', count: 2 })).toBe(true);
    expect(placesPartitions({ kind: 'alter-config', changes: [] })).toBe(false);
  });
});
