/** A whole broker with two log.dirs, of which one fails while it runs, then the other. */

import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { deleteTopics } from '../../broker/protocol/messages/delete-topics.ts';
import { metadata } from '../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { paths, partitionStatePath } from '../../broker/zookeeper/paths.ts';
import { decodePartitionState } from '../../broker/zookeeper/znodes/partition-state.ts';
import { batchOf, fetchFrom, makeTopic, only, produceTo, valuesFrom } from '../support/requests.ts';
import type { TestBroker } from '../support/test-broker.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { testClusters } from '../support/test-cluster.ts';
import { DiskMachine, fileError } from './log/disk/disk-machine.ts';

const open = testClusters();

interface Scene {
  readonly cluster: TestCluster;
  readonly machine: DiskMachine;
  readonly broker: TestBroker;
  readonly client: BrokerConnection;
}

/** Two topics with a record each: `lost` on /d1, `kept` on /d2. */
async function scene(): Promise<Scene> {
  const cluster = await open();
  const machine = new DiskMachine();
  const properties = { 'log.dirs': '/d1,/d2', 'odradek.http.port': '0' };
  const broker = cluster.make(0, { fileSystem: machine.fileSystem, properties });
  await broker.broker.start();
  const client = await broker.connect();
  for (const topic of ['lost', 'kept']) {
    await makeTopic(client, topic);
    await produceTo(client, topic, batchOf([`in ${topic}`]));
  }
  expect(await machine.disk('/d1').stat('/d1/lost-0')).not.toBeNull();
  return { cluster, machine, broker, client };
}

function breakDisk(machine: DiskMachine, ...roots: readonly string[]): void {
  machine.before = (call, path) => {
    if (roots.some((root) => path.startsWith(root))) throw fileError('EIO', call);
    return undefined;
  };
}

/** Nobody leads the partition, as every client of the broker is told some round trips later. */
async function hasLostLeader(client: BrokerConnection, name: string): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await leaderOf(client, name)) === -1) return true;
  }
  return false;
}

async function leaderOf(client: BrokerConnection, name: string): Promise<number> {
  const topics = [{ topicId: ZERO_UUID, name }];
  const answer = await client.send(metadata, 12, { ...metadata.request.initial, topics });
  return only(only(answer.topics).partitions).leaderId;
}

/** The controller has heard of it. */
function controllerKnows(broker: TestBroker): Promise<unknown> {
  const message = 'a broker says of replicas that their disk failed, or works again';
  return broker.log.find(() => broker.log.withMessage(message).length > 0);
}

describe('a broker with two log.dirs', () => {
  it('serves what is on the one when the disk of the other fails', async () => {
    const { cluster, machine, broker, client } = await scene();
    const waiting = fetchFrom(client, 'lost', { offset: 1, maxWaitMs: 60_000, minBytes: 1 });
    const another = await broker.connect();
    breakDisk(machine, '/d1');
    const refused = await produceTo(another, 'lost', batchOf(['refused']));
    expect(refused.errorCode).toBe(ErrorCodes.KAFKA_STORAGE_ERROR);
    expect((await waiting).errorCode).toBe(ErrorCodes.KAFKA_STORAGE_ERROR);
    const read = await fetchFrom(another, 'lost', {});
    expect(read.errorCode).toBe(ErrorCodes.KAFKA_STORAGE_ERROR);
    expect((await produceTo(another, 'kept', batchOf(['more']))).errorCode).toBe(ErrorCodes.NONE);
    expect(await valuesFrom(another, 'kept')).toEqual(['in kept', 'more']);
    await controllerKnows(broker);
    expect(await hasLostLeader(another, 'lost')).toBe(true);
    expect(await leaderOf(another, 'kept')).toBe(0);
    const path = partitionStatePath('lost', 0);
    const node = await cluster.session.get(path);
    expect(decodePartitionState(node?.data ?? null, path)).toMatchObject({ leader: -1, isr: [0] });
    expect(await cluster.session.children(paths.logDirEvents)).toEqual([]);
    await makeTopic(another, 'new');
    expect((await produceTo(another, 'new', batchOf(['x']))).errorCode).toBe(ErrorCodes.NONE);
    expect(broker.fatal).toEqual([]);
  });

  it('shows it at its endpoints, and is healthy', async () => {
    const { machine, broker, client } = await scene();
    breakDisk(machine, '/d1');
    await produceTo(client, 'lost', batchOf(['refused']));
    const url = `http://127.0.0.1:${String(broker.broker.httpPort)}`;
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.text()]).toEqual([
      200,
      expect.stringContaining('"offlineLogDirs":["/d1"]'),
    ]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^odradek_log_folders_offline 1$/m);
  });

  it('leads what was lost again when it has started with a disk that works', async () => {
    const { cluster, machine, broker, client } = await scene();
    breakDisk(machine, '/d1');
    await produceTo(client, 'lost', batchOf(['refused']));
    await controllerKnows(broker);
    await broker.stop();
    machine.before = () => undefined;
    const again = cluster.make(0, {
      fileSystem: machine.fileSystem,
      properties: { 'log.dirs': '/d1,/d2' },
    });
    await again.broker.start();
    expect(await valuesFrom(await again.connect(), 'lost')).toEqual(['in lost']);
  });

  it('does not delete a topic whose log it cannot reach', async () => {
    const { cluster, machine, broker, client } = await scene();
    breakDisk(machine, '/d1');
    await produceTo(client, 'lost', batchOf(['refused']));
    await controllerKnows(broker);
    const topics = [{ topicId: ZERO_UUID, name: 'lost' }];
    await client.send(deleteTopics, 6, { topics, topicNames: [], timeoutMs: 100 });
    const message = 'brokers could not remove their replicas of a topic that is deleted';
    await broker.log.find(() => broker.log.withMessage(message).length > 0);
    expect(await cluster.session.children(paths.deleteTopics)).toEqual(['lost']);
  });

  it('cannot go on when the last disk fails, and says which failed', async () => {
    const { machine, broker, client } = await scene();
    breakDisk(machine, '/d1', '/d2');
    await produceTo(client, 'lost', batchOf(['refused']));
    expect(broker.fatal).toEqual([]);
    await produceTo(client, 'kept', batchOf(['refused']));
    expect(broker.fatal).toEqual([
      expect.objectContaining({ message: 'every folder of log.dirs has failed: /d1, /d2' }),
    ]);
  });
});
