import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { admit, parseKafkaCluster } from '../../../operator/api/parse.ts';
import { problemText } from '../../../operator/api/problem.ts';
import { cluster, clusterSpec, topic } from '../objects.ts';

function problems(spec: object, before: object | null = null, name = 'demo'): readonly string[] {
  const result = admit(cluster(spec, name), before === null ? null : cluster(before, name));
  return result.ok ? [] : result.problems.map(problemText);
}

describe('A KafkaCluster', () => {
  it('gets its defaults', () => {
    const result = parseKafkaCluster(
      cluster(clusterSpec({ broker: { storage: { size: '1Gi' } } })),
    );
    expect(result).toMatchObject({
      ok: true,
      value: {
        spec: {
          broker: { replicas: 3, firstId: 0, storage: { size: '1Gi', deleteClaim: false } },
          listeners: [{ name: 'internal', port: 9092, type: 'Internal' }],
          paused: false,
        },
      },
    });
  });

  const storage = { size: '1Gi' };
  it.each([
    [
      { broker: { replicas: 0, storage } },
      'spec.broker.replicas: 0 is not allowed; allowed: at least 1',
    ],
    [
      { broker: { replicas: 2.5, storage } },
      'spec.broker.replicas: 2.5 is not allowed; allowed: a whole number',
    ],
    [{ broker: {} }, 'spec.broker.storage: missing; allowed: a value of type object'],
    [
      { broker: { replicas: 3, firstId: 999, storage } },
      'spec.broker.replicas: 3 is not allowed; allowed: broker ids from firstId 999 up to 1000',
    ],
    [
      { broker: { storage: { size: 'lots' } } },
      'spec.broker.storage.size: lots is not allowed; allowed: a Kubernetes quantity such as 500Mi, 20Gi or 1073741824',
    ],
    [
      { broker: { storage, colour: 'red' } },
      'spec.broker.colour: red is not allowed; allowed: no field of this name',
    ],
    [
      { zookeeper: { replicas: 2, storage } },
      'spec.zookeeper.replicas: 2 is not allowed; allowed: an odd number',
    ],
    [
      { zookeeper: { replicas: 1 } },
      'spec.zookeeper.storage: missing is not allowed; allowed: storage with replicas, none with external',
    ],
    [
      { zookeeper: {} },
      'spec.zookeeper: neither external nor replicas is not allowed; allowed: exactly one of external and replicas',
    ],
    [
      { zookeeper: { replicas: 1, storage, external: { connect: 'zk:2181' } } },
      'spec.zookeeper: external with replicas is not allowed; allowed: exactly one of external and replicas',
    ],
    [
      { zookeeper: { external: { connect: 'local:' } } },
      'spec.broker.replicas: 3 is not allowed; allowed: 1 with zookeeper.external.connect local:',
    ],
    [
      { zookeeper: { replicas: 1, storage: { size: '1Gi', deleteClaim: true } } },
      'spec.zookeeper.storage.deleteClaim: true is not allowed; allowed: false while spec.broker.storage.deleteClaim is false',
    ],
    [
      { listeners: [{ name: 'internal', port: 9091 }] },
      'spec.listeners.port: 9091 is not allowed; allowed: any port but 9091 and 9404, which brokers use themselves',
    ],
    [
      { listeners: [{ name: 'replication', port: 9092 }] },
      'spec.listeners.name: replication is not allowed; allowed: any other name, this one is the listener of the operator',
    ],
    [
      { listeners: [{ name: 'external', port: 9092, type: 'NodePort' }] },
      'spec.listeners.0.type: NodePort is not allowed; allowed: Internal',
    ],
    [
      { retention: { default: { time: '7x' } } },
      'spec.retention.default.time: 7x is not allowed; allowed: a number with ms, s, m, h or d, such as 90s, 10m, 12h or 7d, or unlimited (-1)',
    ],
    [
      { retention: { default: { bytes: '1.5' } } },
      'spec.retention.default.bytes: 1.5 is not allowed; allowed: a Kubernetes quantity such as 500Mi, 20Gi or 1073741824, or unlimited (-1)',
    ],
  ])('is refused: %j', (changes, expected) => {
    expect(problems(clusterSpec(changes))).toContain(expected);
  });

  it('is refused under a name that its Services could not have', () => {
    expect(problems(clusterSpec({}), null, '9demo')).toEqual([
      'metadata.name: 9demo is not allowed; allowed: at most 40 lower-case letters, digits and -, beginning with a letter',
    ]);
  });

  it.each([
    [
      { broker: { storage: { size: '10Gi' } } },
      { broker: { storage: { size: '5Gi' } } },
      'spec.broker.storage.size: 5Gi is not allowed; allowed: at least 10Gi, a volume never shrinks',
    ],
    [
      { broker: { firstId: 0, storage } },
      { broker: { firstId: 5, storage } },
      'spec.broker.firstId: 5 is not allowed; allowed: 0, it is immutable',
    ],
    [
      { broker: { storage: { size: '1Gi' } } },
      { broker: { storage: { size: '1Gi', storageClassName: 'fast' } } },
      'spec.broker.storage.storageClassName: fast is not allowed; allowed: "", it is immutable',
    ],
    [
      { zookeeper: { replicas: 1, storage } },
      { zookeeper: { replicas: 3, storage } },
      'spec.zookeeper.replicas: 3 is not allowed; allowed: 1, the ensemble cannot be changed yet',
    ],
  ])('refuses the change from %j to %j', (before, now, expected) => {
    expect(problems(clusterSpec(now), clusterSpec(before))).toEqual([expected]);
  });

  it('may grow its volumes', () => {
    const before = clusterSpec({ broker: { storage: { size: '5Gi' } } });
    expect(problems(clusterSpec({ broker: { storage: { size: '5.5Gi' } } }), before)).toEqual([]);
  });
});

describe('A KafkaTopic', () => {
  it.each([
    [
      { topicName: 'a/b' },
      {},
      'spec.topicName: a/b is not allowed; allowed: letters, digits, ., _ and -, at most 249, not . or .. and no internal topic',
    ],
    [
      { partitions: 2 },
      { partitions: 3 },
      'spec.partitions: 2 is not allowed; allowed: at least 3, partitions are never removed',
    ],
    [
      { clusterRef: { name: 'other' } },
      {},
      'spec.clusterRef.name: other is not allowed; allowed: demo, it is immutable',
    ],
    [
      { cleanupPolicy: 'Shred' },
      {},
      'spec.cleanupPolicy: Shred is not allowed; allowed: Delete, Compact, CompactAndDelete',
    ],
  ])('is refused: %j after %j', (now, before, expected) => {
    const result = admit(topic('orders', now), topic('orders', before));
    expect(result.ok ? [] : result.problems.map(problemText)).toContain(expected);
  });
});

describe('The examples', () => {
  it.each(['cluster.yaml', 'topics.yaml'])('%s is accepted', (file) => {
    const text = readFileSync(
      new URL(`../../../operator/examples/${file}`, import.meta.url),
      'utf8',
    );
    const head = z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.object({ name: z.string() }),
    });
    const admitted = parseAllDocuments(text).map((each) => admit(head.parse(each.toJS()), null));
    expect(admitted).not.toHaveLength(0);
    expect(admitted.filter((each) => !each.ok)).toEqual([]);
  });
});
