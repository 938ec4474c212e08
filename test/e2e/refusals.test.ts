/**
 * Bad resources as `kubectl apply` answers them on a real API server: by schema and CEL rules of the
 * CRDs, before the operator sees them. Each answer names the field, the value and what is allowed.
 */

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  applied,
  createNamespace,
  deleteNamespace,
  installCustomResources,
} from './support/kubectl.ts';

jest.setTimeout(60_000);

interface Refusal {
  readonly what: string;
  readonly manifest: string;
  /** Field, value and what is allowed, as far as the API server can say it. */
  readonly says: readonly string[];
}

interface Change extends Refusal {
  readonly before: string;
}

const good = { size: '1Gi', zookeeper: '{replicas: 1, storage: {size: 1Gi}}' };

function cluster(name: string, broker: string, rest = `zookeeper: ${good.zookeeper}`): string {
  return `
apiVersion: odradek.dev/v1beta1
kind: KafkaCluster
metadata: {name: ${name}}
spec:
  broker: {${broker}}
  ${rest}
`;
}

function topic(name: string, spec: string): string {
  return `
apiVersion: odradek.dev/v1beta1
kind: KafkaTopic
metadata: {name: ${name}}
spec: {clusterRef: {name: demo}, ${spec}}
`;
}

const storage = `storage: {size: ${good.size}}`;
const listeners = (each: string): string => `zookeeper: ${good.zookeeper}\n  listeners: [${each}]`;

const refusals: readonly Refusal[] = [
  {
    what: 'a cluster without broker storage',
    manifest: cluster('bad', 'replicas: 1'),
    says: ['spec.broker.storage', 'Required'],
  },
  {
    what: 'a negative number of brokers',
    manifest: cluster('bad', `replicas: -1, ${storage}`),
    says: ['spec.broker.replicas', '-1', 'greater than or equal to 1'],
  },
  {
    what: 'a size that is no quantity',
    manifest: cluster('bad', 'replicas: 1, storage: {size: 20 gigabytes}'),
    says: ['spec.broker.storage.size', '20 gigabytes', 'allowed: a Kubernetes quantity'],
  },
  {
    what: 'a name that is too long for the objects made of it',
    manifest: cluster('a'.repeat(41), `replicas: 1, ${storage}`),
    says: ['metadata.name', 'a'.repeat(41), 'at most 40'],
  },
  {
    what: 'an id beyond the largest',
    manifest: cluster('bad', `replicas: 3, firstId: 999, ${storage}`),
    says: ['spec.broker.replicas', '3 is not allowed', 'firstId 999 up to 1000'],
  },
  {
    what: 'an even number of ZooKeeper servers',
    manifest: cluster('bad', `replicas: 1, ${storage}`, `zookeeper: {replicas: 2, ${storage}}`),
    says: ['spec.zookeeper.replicas', '2 is not allowed', 'an odd number'],
  },
  {
    what: 'a ZooKeeper that is neither made nor external',
    manifest: cluster('bad', `replicas: 1, ${storage}`, 'zookeeper: {}'),
    says: ['spec.zookeeper', 'neither external nor replicas', 'exactly one of'],
  },
  {
    what: 'the embedded store for three brokers',
    manifest: cluster(
      'bad',
      `replicas: 3, ${storage}`,
      'zookeeper: {external: {connect: "local:"}}',
    ),
    says: ['spec.broker.replicas', '3 is not allowed', '1 with zookeeper.external.connect local:'],
  },
  {
    what: 'ZooKeeper data that goes while that of the brokers stays',
    manifest: cluster(
      'bad',
      `replicas: 1, ${storage}`,
      'zookeeper: {replicas: 1, storage: {size: 1Gi, deleteClaim: true}}',
    ),
    says: ['spec.zookeeper.storage.deleteClaim', 'true is not allowed', 'false while'],
  },
  {
    what: "the operator's own listener",
    manifest: cluster(
      'bad',
      `replicas: 1, ${storage}`,
      listeners('{name: replication, port: 9095, type: Internal}'),
    ),
    says: ['spec.listeners', 'replication is not allowed', 'any other name'],
  },
  {
    what: 'a port that brokers use themselves',
    manifest: cluster(
      'bad',
      `replicas: 1, ${storage}`,
      listeners('{name: second, port: 9404, type: Internal}'),
    ),
    says: ['spec.listeners', '9404 is not allowed', 'any port but 9091 and 9404'],
  },
  {
    what: 'a retention time in a unit that there is not',
    manifest: topic('bad', 'retention: {time: 3 weeks}'),
    says: ['spec.retention.time', '3 weeks is not allowed', 'such as 90s'],
  },
  {
    what: 'a negative retention size',
    manifest: topic('bad', 'retention: {bytes: -5}'),
    says: ['spec.retention.bytes', '-5 is not allowed', 'a Kubernetes quantity'],
  },
  {
    what: 'a cleanup policy that there is not',
    manifest: topic('bad', 'cleanupPolicy: Shred'),
    says: ['spec.cleanupPolicy', 'Shred', 'Compact'],
  },
  {
    what: 'no partitions',
    manifest: topic('bad', 'partitions: 0'),
    says: ['spec.partitions', '0', 'greater than or equal to 1'],
  },
  {
    what: 'a topic name that Kafka does not allow',
    manifest: topic('bad', 'topicName: "orders/eu"'),
    says: ['spec.topicName', 'orders/eu is not allowed', 'letters, digits'],
  },
  {
    what: 'an internal topic',
    manifest: topic('bad', 'topicName: __consumer_offsets'),
    says: ['spec.topicName', '__consumer_offsets is not allowed', 'no internal topic'],
  },
];

const changes: readonly Change[] = [
  {
    what: 'a volume that shrinks',
    before: cluster('shrinks', 'replicas: 1, storage: {size: 2Gi}'),
    manifest: cluster('shrinks', 'replicas: 1, storage: {size: 1500Mi}'),
    says: ['spec.broker.storage.size', '1500Mi is not allowed', 'at least 2Gi'],
  },
  {
    what: 'another first id',
    before: cluster('renumbered', `replicas: 1, ${storage}`),
    manifest: cluster('renumbered', `replicas: 1, firstId: 10, ${storage}`),
    says: ['spec.broker.firstId', '10 is not allowed', '0, it is immutable'],
  },
  {
    what: 'another storage class',
    before: cluster('moved', `replicas: 1, ${storage}`),
    manifest: cluster('moved', `replicas: 1, storage: {size: 1Gi, storageClassName: fast}`),
    says: ['spec.broker.storage.storageClassName', '"fast" is not allowed', 'immutable'],
  },
  {
    what: 'another number of ZooKeeper servers',
    before: cluster('ensemble', `replicas: 1, ${storage}`),
    manifest: cluster(
      'ensemble',
      `replicas: 1, ${storage}`,
      `zookeeper: {replicas: 3, ${storage}}`,
    ),
    says: ['spec.zookeeper.replicas', '3 is not allowed', '1, the ensemble cannot be changed yet'],
  },
  {
    what: 'fewer partitions',
    before: topic('fewer', 'partitions: 6'),
    manifest: topic('fewer', 'partitions: 3'),
    says: ['spec.partitions', '3 is not allowed', 'at least 6'],
  },
  {
    what: 'another topic name',
    before: topic('renamed', 'partitions: 1'),
    manifest: topic('renamed', 'partitions: 1, topicName: other'),
    says: ['spec.topicName', 'other is not allowed', 'renamed, it is immutable'],
  },
  {
    what: 'another cluster',
    before: topic('transferred', 'partitions: 1'),
    manifest: topic('transferred', 'partitions: 1').replace('name: demo', 'name: other'),
    says: ['spec.clusterRef.name', 'other is not allowed', 'demo, it is immutable'],
  },
];

const accepted: readonly { readonly what: string; readonly manifest: string }[] = [
  {
    what: 'a retention without a limit as a number',
    manifest: topic('a', 'retention: {time: -1}'),
  },
  { what: 'configuration values as numbers', manifest: topic('b', 'config: {segment.ms: 60000}') },
  { what: 'a size as a number', manifest: topic('c', 'retention: {bytes: 1073741824}') },
  {
    what: 'a single broker on its embedded store',
    manifest: cluster(
      'embedded',
      `replicas: 1, ${storage}`,
      'zookeeper: {external: {connect: "local:"}}',
    ),
  },
];

describe('kubectl apply', () => {
  let namespace = '';

  beforeAll(async () => {
    await installCustomResources();
    namespace = await createNamespace('refusals');
  });

  afterAll(() => deleteNamespace(namespace));

  it.each(refusals)('refuses $what', async ({ manifest, says }) => {
    const { code, stderr } = await applied(namespace, manifest);
    for (const part of says) expect(stderr).toContain(part);
    expect(code).toBe(1);
  });

  it.each(changes)('refuses $what later on', async ({ before, manifest, says }) => {
    expect(await applied(namespace, before)).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await applied(namespace, manifest);
    for (const part of says) expect(stderr).toContain(part);
    expect(code).toBe(1);
  });

  it.each(accepted)('takes $what', async ({ manifest }) => {
    expect(await applied(namespace, manifest)).toMatchObject({ code: 0, stderr: '' });
  });
});
