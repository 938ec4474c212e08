import { describe, expect, it } from '@jest/globals';
import { BrokerConnection } from '../../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { nodeSockets } from '../../../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../../../broker/platform/timers.ts';
import type { LocalController } from '../../../../broker/replication/isr/controller-link.ts';
import { ControllerLink } from '../../../../broker/replication/isr/controller-link.ts';
import type { IsrChange } from '../../../../broker/replication/isr/isr-changes.ts';
import { brokerPath, partitionStatePath, topicPath } from '../../../../broker/zookeeper/paths.ts';
import { decodeTopicAssignment } from '../../../../broker/zookeeper/znodes/topic-assignment.ts';
import { makeTopic, only } from '../../../support/requests.ts';
import type { TestCluster } from '../../../support/test-cluster.ts';
import { testClusters } from '../../../support/test-cluster.ts';

const openCluster = testClusters();

/** As broker 0 would ask; it is the controller, and is asked over the network. */
function linkTo(
  cluster: TestCluster,
  options: {
    readonly brokerEpoch: number | null;
    readonly localController?: LocalController;
    readonly controllerId?: number;
  },
): { link: ControllerLink; opened: BrokerConnection[] } {
  const opened: BrokerConnection[] = [];
  const port = cluster.brokers[0]?.port ?? 0;
  const endpoint = { host: '127.0.0.1', port, securityProtocol: 'PLAINTEXT' };
  const broker = { id: 0, epoch: -1, rack: null, endpoints: new Map([['PLAINTEXT', endpoint]]) };
  const link = new ControllerLink({
    brokerId: 0,
    brokerEpoch: () => options.brokerEpoch,
    localController: () => options.localController ?? null,
    cluster: { controllerId: options.controllerId ?? 0, brokers: new Map([[0, broker]]) },
    listenerName: 'PLAINTEXT',
    connect: async (address) => {
      const connection = await BrokerConnection.open({
        ...address,
        clientId: 'link',
        sockets: nodeSockets,
        timers: systemTimers,
        connectTimeoutMs: 5000,
        requestTimeoutMs: 5000,
      });
      opened.push(connection);
      return connection;
    },
  });
  return { link, opened };
}

async function setUp(): Promise<{
  cluster: TestCluster;
  brokerEpoch: number;
  change: IsrChange;
}> {
  const cluster = await openCluster();
  const brokers = await cluster.start(1);
  await makeTopic(await only(brokers).connect(), 't');
  const topic = await cluster.session.get(topicPath('t'));
  const state = await cluster.session.get(partitionStatePath('t', 0));
  const change: IsrChange = {
    topic: 't',
    partition: 0,
    topicId: decodeTopicAssignment(topic?.data ?? null, 't').topicId,
    leaderEpoch: 0,
    partitionEpoch: state?.stat.version ?? -1,
    isr: [{ brokerId: 0, brokerEpoch: -1 }],
  };
  const brokerEpoch = (await cluster.session.exists(brokerPath(0)))?.czxid ?? -1;
  return { cluster, brokerEpoch, change };
}

describe('the way to the controller', () => {
  it('gives the outcome of every change, asked by topic id or by name, over one connection', async () => {
    const { cluster, brokerEpoch, change } = await setUp();
    const { link, opened } = linkTo(cluster, { brokerEpoch });
    const unknown = { ...change, partition: 5 };
    for (const topicId of [change.topicId, null]) {
      expect(
        await link.alterPartitions([
          { ...unknown, topicId },
          { ...change, topicId },
        ]),
      ).toMatchObject([
        { errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, state: null },
        { errorCode: ErrorCodes.NONE, state: { leaderEpoch: 0, isr: [0], partitionEpoch: 0 } },
      ]);
    }
    expect(await link.alterPartitions([{ ...change, leaderEpoch: 9 }])).toEqual([
      { errorCode: ErrorCodes.FENCED_LEADER_EPOCH, state: null },
    ]);
    expect(opened).toHaveLength(1);
    link.close();
    expect(opened[0]?.ended).toBe(true);
  });

  it('rejects where the request as a whole is refused, and looks for the controller anew', async () => {
    const { cluster, brokerEpoch, change } = await setUp();
    const { link, opened } = linkTo(cluster, { brokerEpoch: brokerEpoch - 1 });
    await expect(link.alterPartitions([change])).rejects.toThrow('STALE_BROKER_EPOCH');
    await expect(link.alterPartitions([change])).rejects.toThrow('STALE_BROKER_EPOCH');
    expect(opened).toHaveLength(2);
    link.close();
  });

  it('rejects without a registration and without a known controller', async () => {
    const { cluster, brokerEpoch, change } = await setUp();
    const unregistered = linkTo(cluster, { brokerEpoch: null }).link;
    await expect(unregistered.alterPartitions([change])).rejects.toMatchObject({
      code: ErrorCodes.STALE_BROKER_EPOCH,
    });
    const lost = linkTo(cluster, { brokerEpoch, controllerId: 4 }).link;
    await expect(lost.alterPartitions([change])).rejects.toMatchObject({
      code: ErrorCodes.NOT_CONTROLLER,
    });
  });

  it('asks a controller in the same process directly', async () => {
    const { cluster, change } = await setUp();
    const asked: unknown[] = [];
    const localController: LocalController = {
      alterPartitions: (request) => {
        asked.push(request);
        return Promise.resolve([
          { topic: 't', partition: 0, errorCode: ErrorCodes.NOT_CONTROLLER, state: null },
        ]);
      },
    };
    const { link, opened } = linkTo(cluster, { brokerEpoch: 5, localController });
    const isr = [
      { brokerId: 0, brokerEpoch: -1 },
      { brokerId: 1, brokerEpoch: 33 },
    ];
    const outcomes = await link.alterPartitions([{ ...change, isr }]);
    expect(outcomes).toMatchObject([{ errorCode: ErrorCodes.NOT_CONTROLLER, state: null }]);
    expect(asked).toMatchObject([
      {
        brokerId: 0,
        brokerEpoch: 5,
        proposals: [{ isr: [0, 1], brokerEpochs: new Map([[1, 33]]), leaderRecoveryState: 0 }],
      },
    ]);
    expect(opened).toEqual([]);
  });
});
