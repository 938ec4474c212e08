import { describe, expect, it } from '@jest/globals';

import {
  defaultReplicas,
  replicaCountProblem,
  replicationProperties,
} from '../../../operator/model/replication-properties.ts';
import { parseKafkaCluster } from '../../../operator/api/parse.ts';
import { cluster, clusterSpec } from '../objects.ts';

function replicasOf(config: object): number {
  const parsed = parseKafkaCluster(cluster(clusterSpec({ config })));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return defaultReplicas(parsed.value.spec);
}

describe('replicas that a cluster gives its topics', () => {
  it.each([
    [1, '1', '1'],
    [2, '2', '1'],
    [3, '3', '2'],
    [30, '3', '2'],
  ])('with %i brokers are %s, %s of them in sync', (brokers, replicas, inSync) => {
    expect(Object.fromEntries(replicationProperties(brokers))).toEqual({
      'default.replication.factor': replicas,
      'offsets.topic.replication.factor': replicas,
      'transaction.state.log.replication.factor': replicas,
      'transaction.state.log.min.isr': inSync,
      'min.insync.replicas': inSync,
    });
  });

  it('are as many as spec.config says', () => {
    expect(replicasOf({})).toBe(3);
    expect(replicasOf({ 'default.replication.factor': 2 })).toBe(2);
  });

  it('cannot be more than there are brokers', () => {
    expect(replicaCountProblem('min.insync.replicas', '3', 3)).toBeNull();
    expect(replicaCountProblem('num.partitions', '30', 3)).toBeNull();
    expect(replicaCountProblem('min.insync.replicas', '4', 3)).toEqual({
      field: 'spec.config.min.insync.replicas',
      value: '4',
      allowed: 'at most 3, the number of brokers (spec.broker.replicas)',
    });
  });
});
