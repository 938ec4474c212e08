/**
 * The whole path on a real cluster: the operator, run on this machine, makes a Kafka cluster of a
 * KafkaCluster and a topic of a KafkaTopic; records go through it; a broker's pod is replaced and
 * nothing is lost; what the deletion of the resources leaves is what it should.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ServerProcess } from '../support/server-process.ts';
import {
  applied,
  createNamespace,
  deleteNamespace,
  installCustomResources,
  kubectl,
} from './support/kubectl.ts';
import { operatorProcess } from './support/operator-process.ts';

jest.setTimeout(300_000);

const records = readFileSync(
  fileURLToPath(new URL('support/records.mjs', import.meta.url)),
  'utf8',
);
const bootstrap = 'demo-bootstrap:9092';
const texts = Array.from({ length: 12 }, (_, index) => `record ${String(index)}`);

const cluster = `
apiVersion: odradek.dev/v1beta1
kind: KafkaCluster
metadata: {name: demo}
spec:
  broker: {replicas: 3, storage: {size: 100Mi}}
  zookeeper: {replicas: 1, storage: {size: 100Mi}}
  listeners: [{name: internal, port: 9092, type: Internal}]
  config: {num.partitions: 3}
  retention: {default: {time: 7d, bytes: unlimited}}
`;
const topic = `
apiVersion: odradek.dev/v1beta1
kind: KafkaTopic
metadata: {name: orders}
spec:
  clusterRef: {name: demo}
  partitions: 3
  retention: {time: 3d, bytes: 20Gi}
`;

describe('A Kafka cluster on Kubernetes', () => {
  let namespace = '';
  let operator: ServerProcess;

  const inNamespace = (args: readonly string[], input = ''): Promise<string> =>
    kubectl(['--namespace', namespace, ...args], input);
  const waitFor = (condition: string, resource: string, timeout = '180s'): Promise<string> =>
    inNamespace(['wait', `--for=${condition}`, `--timeout=${timeout}`, resource]);
  const jsonPath = (resource: string, path: string): Promise<string> =>
    inNamespace(['get', resource, '--output', `jsonpath=${path}`]);
  const inPod = async (action: 'produce' | 'consume'): Promise<unknown> => {
    const node = ['node', '--input-type=module', '-', bootstrap, 'orders', action, ...texts];
    return JSON.parse(
      await inNamespace(['exec', '--stdin', 'demo-broker-0', '--', ...node], records),
    );
  };
  /** For a test that waits in vain: what the cluster looks like, and what the operator says. */
  const explained = async (waiting: Promise<unknown>): Promise<void> => {
    try {
      await waiting;
    } catch (error) {
      const shown = await inNamespace(['get', 'kc,kt,pods,pvc,events', '--output', 'wide']);
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${message}\n${shown}\n${operator.logTail}`, { cause: error });
    }
  };

  beforeAll(async () => {
    await installCustomResources();
    namespace = await createNamespace('smoke');
    operator = operatorProcess(namespace);
    await operator.start();
  });

  afterAll(async () => {
    await operator.stop();
    await deleteNamespace(namespace);
  });

  it('becomes Ready with its topic', async () => {
    for (const manifest of [cluster, topic]) {
      expect(await applied(namespace, manifest)).toMatchObject({ code: 0 });
    }
    await explained(waitFor('condition=Ready', 'kafkacluster/demo'));
    await explained(waitFor('condition=Ready', 'kafkatopic/orders'));
    const address = await jsonPath('kafkacluster/demo', '{.status.listeners[0].bootstrapServers}');
    expect(address).toBe(`demo-bootstrap.${namespace}.svc:9092`);
    expect(await jsonPath('kafkatopic/orders', '{.status.partitions}')).toBe('3');
  });

  it('gives back every record that it took, from all three brokers', async () => {
    const written = await inPod('produce');
    expect(written).toHaveLength(3);
    expect(valuesOf(await inPod('consume'))).toEqual([...texts].sort());
  });

  it('has every record again after a broker lost its pod', async () => {
    const before = await jsonPath('pod/demo-broker-1', '{.metadata.uid}');
    await inNamespace(['delete', 'pod', 'demo-broker-1']);
    await explained(waitFor('create', 'pod/demo-broker-1'));
    await explained(waitFor('condition=Ready', 'pod/demo-broker-1'));
    await explained(waitFor('condition=Ready', 'kafkacluster/demo'));
    expect(await jsonPath('pod/demo-broker-1', '{.metadata.uid}')).not.toBe(before);
    expect(valuesOf(await inPod('consume'))).toEqual([...texts].sort());
  });

  it('goes with its resources, and its claims stay', async () => {
    await inNamespace(['delete', 'kafkatopic/orders', 'kafkacluster/demo', '--timeout=120s']);
    const pods = ['pods', '--selector=app.kubernetes.io/instance=demo'];
    await inNamespace(['wait', '--for=delete', '--timeout=120s', ...pods]);
    expect((await jsonPath('pvc', '{.items[*].metadata.name}')).split(' ').sort()).toEqual([
      'data-demo-broker-0',
      'data-demo-broker-1',
      'data-demo-broker-2',
      'data-demo-zookeeper-1',
    ]);
  });

  it('leaves an operator that ends at once when it is told to', async () => {
    expect(await operator.stop()).toBe(0);
  });
});

function valuesOf(read: unknown): readonly string[] {
  if (!Array.isArray(read)) throw new TypeError('not a list of records');
  return read
    .map((record: unknown) =>
      typeof record === 'object' && record !== null && 'value' in record
        ? String(record.value)
        : 'not a record',
    )
    .sort();
}
