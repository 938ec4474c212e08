/**
 * A controller's cluster without brokers: the embedded store, and controlled brokers that only write
 * down what they are told. Broker `id` registers on a session of its own and is reached on the
 * network in memory, whoever is the controller.
 */

import assert from 'node:assert/strict';
import type { ControlledBroker } from '../../../broker/controller/broker-channels.ts';
import { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import type { Rebalancing } from '../../../broker/controller/leadership/rebalancing.ts';
import { Controller } from '../../../broker/controller/controller.ts';
import type {
  LeaderAndIsrRequest,
  StopReplicaRequest,
  UpdateMetadataRequest,
} from '../../../broker/controller/controller-requests.ts';
import { Election } from '../../../broker/controller/election.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { protocolPins } from '../../../broker/controller/protocol-pins.ts';
import { Acceptor } from '../../../broker/network/acceptor.ts';
import { ConnectionLimits } from '../../../broker/network/connection-limits.ts';
import { RequestMemory } from '../../../broker/network/request-memory.ts';
import type { Answer } from '../../../broker/model/request-handler.ts';
import { BufferedTransfer } from '../../../broker/network/transfer/buffered.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { decodeRequest, readRequestHeader, writeResponse } from '../../../broker/protocol/frame.ts';
import { leaderAndIsr } from '../../../broker/protocol/messages/leader-and-isr.ts';
import { stopReplica } from '../../../broker/protocol/messages/stop-replica.ts';
import { updateMetadata } from '../../../broker/protocol/messages/update-metadata.ts';
import type { ResponseOf } from '../../../broker/protocol/schema/api.ts';
import { Reader } from '../../../broker/protocol/wire/reader.ts';
import type { EmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import {
  brokerPath,
  configPath,
  deleteTopicPath,
  partitionStatePath,
  paths,
  persistentPaths,
  topicEntity,
  topicPath,
} from '../../../broker/zookeeper/paths.ts';
import { ensurePaths } from '../../../broker/zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { encodeBrokerRegistration } from '../../../broker/zookeeper/znodes/broker-registration.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { MemoryNetwork } from '../../support/sim/memory-network.ts';

const pins = protocolPins('3.9');

export class FakeBroker implements ControlledBroker {
  readonly id: number;
  readonly leaderRequests: LeaderAndIsrRequest[] = [];
  readonly metadataRequests: UpdateMetadataRequest[] = [];
  readonly stopRequests: StopReplicaRequest[] = [];
  /** Answers everything with this code. */
  errorCode = 0;
  /** Its only disk has failed. */
  storageErrors = false;
  /** Called before each answer to StopReplica; what it returns is waited for. */
  beforeStop: (request: StopReplicaRequest) => Promise<void> = () => Promise.resolve();
  session: ZooKeeperSession | null = null;
  election: Election | null = null;
  acceptor: Acceptor | null = null;

  constructor(id: number) {
    this.id = id;
  }

  leaderAndIsr(request: LeaderAndIsrRequest): Promise<ResponseOf<typeof leaderAndIsr>> {
    this.leaderRequests.push(request);
    const errorCode = this.storageErrors ? ErrorCodes.KAFKA_STORAGE_ERROR : ErrorCodes.NONE;
    const topics = request.topicStates.map(({ topicId, partitionStates }) => ({
      topicId,
      partitionErrors: partitionStates.map(({ partitionIndex }) => ({
        topicName: '',
        partitionIndex,
        errorCode,
      })),
    }));
    return Promise.resolve({ errorCode: this.errorCode, partitionErrors: [], topics });
  }

  updateMetadata(request: UpdateMetadataRequest): Promise<ResponseOf<typeof updateMetadata>> {
    this.metadataRequests.push(request);
    return Promise.resolve({ errorCode: this.errorCode });
  }

  async stopReplica(request: StopReplicaRequest): Promise<ResponseOf<typeof stopReplica>> {
    this.stopRequests.push(request);
    await this.beforeStop(request);
    return { errorCode: this.errorCode, partitionErrors: [] };
  }

  /** Who leads the partition, as this broker was last told by LeaderAndIsr. */
  toldLeader(topic: string, partition: number): { leader: number; leaderEpoch: number } | null {
    const told = this.leaderRequests
      .flatMap(({ topicStates }) => topicStates)
      .filter(({ topicName }) => topicName === topic)
      .flatMap(({ partitionStates }) => partitionStates)
      .filter(({ partitionIndex }) => partitionIndex === partition)
      .at(-1);
    return told === undefined ? null : { leader: told.leader, leaderEpoch: told.leaderEpoch };
  }

  /** What the first LeaderAndIsr about the partition says. */
  toldNew(topic: string, partition: number): boolean | undefined {
    return this.leaderRequests
      .flatMap(({ topicStates }) => topicStates)
      .filter(({ topicName }) => topicName === topic)
      .flatMap(({ partitionStates }) => partitionStates)
      .find(({ partitionIndex }) => partitionIndex === partition)?.isNew;
  }

  /** Live brokers with their ports, as this broker was last told. */
  get knownBrokers(): Readonly<Record<string, number>> {
    const brokers = this.metadataRequests.at(-1)?.liveBrokers ?? [];
    return Object.fromEntries(brokers.map(({ id, endpoints }) => [id, endpoints[0]?.port ?? 0]));
  }
}

export class ControllerCluster {
  readonly time = new ManualTime();
  readonly network = new MemoryNetwork({ timers: this.time });
  readonly log = new CollectingLogger();
  readonly store: EmbeddedStore;
  /** Of the test itself, for znodes by hand. */
  readonly session: ZooKeeperSession;
  readonly #brokers: FakeBroker[] = [];
  /** delete.topic.enable of every broker. */
  deletionEnabled = true;
  /** min.insync.replicas of every topic. */
  minInSync = 1;
  /** Topics with unclean.leader.election.enable. */
  readonly uncleanTopics = new Set<string>();
  rebalancing: Rebalancing | null = null;
  /** Called when a controller connects to a broker; what it returns is waited for. */
  beforeConnect: (port: number) => Promise<void> = () => Promise.resolve();

  private constructor(store: EmbeddedStore, session: ZooKeeperSession) {
    this.store = store;
    this.session = session;
  }

  static async start(): Promise<ControllerCluster> {
    const files = new MemoryFileSystem({ nowMs: () => 0, monotonicMs: () => 0 });
    const store = await openEmbeddedStore({
      fileSystem: files,
      path: '/store',
      logger: new CollectingLogger(),
    });
    const session = await store.openSession();
    await ensurePaths(session, persistentPaths);
    return new ControllerCluster(store, session);
  }

  /** A broker that is there: registered, listening, and standing for election. */
  async join(broker: FakeBroker, { stands = true } = {}): Promise<FakeBroker> {
    if (!this.#brokers.includes(broker)) this.#brokers.push(broker);
    await this.listen(broker, 9000 + broker.id);
    await this.register(broker, 9000 + broker.id);
    if (stands) await this.stand(broker);
    await this.settle();
    return broker;
  }

  async listen(broker: FakeBroker, port: number): Promise<void> {
    await broker.acceptor?.stopAccepting();
    broker.acceptor = this.#acceptorOf(broker, port);
    await broker.acceptor.start();
  }

  async register(broker: FakeBroker, port: number): Promise<void> {
    broker.session ??= await this.store.openSession();
    const path = brokerPath(broker.id);
    const data = this.#registration(port);
    if ((await broker.session.exists(path)) === null) {
      await broker.session.create(path, data, { ephemeral: true });
    } else await broker.session.set(path, data, -1);
  }

  async stand(broker: FakeBroker): Promise<void> {
    broker.session ??= await this.store.openSession();
    broker.election = new Election({
      brokerId: broker.id,
      session: broker.session,
      openSession: this.store.openSession,
      clock: this.time,
      timers: this.time,
      logger: this.log,
      makeController: (session, epoch, onFailure) =>
        this.#controllerOf(broker, { session, epoch, onFailure }),
    });
    broker.election.start();
    await this.settle();
  }

  /** The broker is gone, and with it its session. */
  async leave(broker: FakeBroker): Promise<void> {
    await broker.election?.stop();
    broker.election = null;
    await broker.session?.close();
    broker.session = null;
    await this.settle();
  }

  /** Everything that follows from what was done has been done. */
  async settle(ms = 50): Promise<void> {
    for (let count = 0; count < 8; count += 1) await this.time.advance(ms / 8);
  }

  async stop(): Promise<void> {
    const ending = this.#brokers.map(async ({ election, acceptor }) => {
      await election?.stop();
      await acceptor?.stopAccepting();
      await acceptor?.drain(0);
    });
    await this.settle();
    await Promise.all(ending);
    await this.store.close();
  }

  /** As kafka-topics --zookeeper does. */
  async createTopic(topic: string, partitions: Readonly<Record<string, number[]>>): Promise<void> {
    await this.session.create(configPath(topicEntity(topic)), json({ version: 1, config: {} }));
    await this.session.create(topicPath(topic), json({ version: 1, partitions }));
    await this.settle();
  }

  /** The one of the present term. */
  get controller(): Controller {
    const terms = this.#brokers.flatMap(({ election }) => election?.controller ?? []);
    const [controller] = terms;
    assert(controller !== undefined, 'there is a controller');
    return controller;
  }

  /** The czxid of its registration. */
  async epochOf(broker: FakeBroker): Promise<number> {
    return (await this.session.exists(brokerPath(broker.id)))?.czxid ?? -1;
  }

  /** The process ends and starts again before its session is over: it takes the old znode away. */
  async bounce(broker: FakeBroker): Promise<void> {
    const before = broker.session;
    broker.session = await this.store.openSession();
    const path = brokerPath(broker.id);
    const removed = broker.session.remove(path, -1);
    const data = this.#registration(9000 + broker.id);
    const made = broker.session.create(path, data, { ephemeral: true });
    await Promise.all([removed, made]);
    await before?.close();
    await this.settle();
  }

  async markForDeletion(topic: string): Promise<void> {
    await this.session.create(deleteTopicPath(topic), null);
    await this.settle();
  }

  async read(path: string): Promise<Record<string, unknown> | null> {
    const node = await this.session.get(path);
    if (node?.data == null) return null;
    const value: unknown = JSON.parse(node.data.toString('utf8'));
    return Object.fromEntries(Object.entries(value ?? {}));
  }

  state(topic: string, partition = 0): Promise<Record<string, unknown> | null> {
    return this.read(partitionStatePath(topic, partition));
  }

  async controllerEpoch(): Promise<number> {
    return Number((await this.session.get(paths.controllerEpoch))?.data?.toString());
  }

  #registration(port: number): Buffer {
    return encodeBrokerRegistration({
      version: 5,
      endpoints: [{ listenerName: 'PLAINTEXT', host: 'sim', port, securityProtocol: 'PLAINTEXT' }],
      rack: null,
      jmxPort: -1,
      timestampMs: 0,
    });
  }

  #controllerOf(
    broker: FakeBroker,
    term: {
      readonly session: ZooKeeperSession;
      readonly epoch: number;
      readonly onFailure: (error: unknown) => void;
    },
  ): Controller {
    return new Controller({
      ...term,
      brokerId: broker.id,
      random: systemRandom,
      logger: this.log,
      topicConfigs: {
        refreshTopic: () => Promise.resolve(),
        topicConfig: (topic) => ({
          minInsyncReplicas: this.minInSync,
          uncleanLeaderElection: this.uncleanTopics.has(topic),
        }),
      },
      topicIds: true,
      recoveryState: true,
      rebalancing: this.rebalancing,
      deletionEnabled: () => this.deletionEnabled,
      channels: {
        localBrokerId: broker.id,
        localBroker: broker,
        versions: pins.controllerVersions,
        listenerName: 'PLAINTEXT',
        connect: async ({ host, port }) => {
          await this.beforeConnect(port);
          return BrokerConnection.open({
            host,
            port,
            clientId: 'controller',
            sockets: this.network,
            timers: this.time,
            connectTimeoutMs: 1000,
            requestTimeoutMs: 30_000,
          });
        },
        timers: this.time,
        logger: this.log,
      },
    });
  }

  #acceptorOf(broker: FakeBroker, port: number): Acceptor {
    let connectionIds = 0;
    return new Acceptor({
      listenerName: 'PLAINTEXT',
      host: 'sim',
      port,
      handler: { handle: (frame) => answerOf(broker, frame), disconnected: () => undefined },
      requestSizeMax: 1024 * 1024,
      idleMsMax: Infinity,
      backlog: 100,
      limits: noLimits(this.time, this.log),
      isExempt: true,
      memory: new RequestMemory(Infinity),
      sent: { value: 0 },
      refused: { value: 0 },
      sockets: this.network,
      clock: this.time,
      timers: this.time,
      logger: this.log,
      nextConnectionId: () => (connectionIds += 1),
      transferFor: (socket, options) => new BufferedTransfer(socket, options),
    });
  }
}

function noLimits(clock: ManualTime, logger: CollectingLogger): ConnectionLimits {
  return new ConnectionLimits({
    values: () => ({
      maxConnections: Infinity,
      maxConnectionsPerIp: Infinity,
      maxConnectionsPerIpOverrides: new Map(),
    }),
    clock,
    logger,
    accepted: { value: 0 },
    refused: { value: 0 },
  });
}

async function answerOf(broker: FakeBroker, frame: Buffer): Promise<Answer> {
  const reader = new Reader(frame);
  const { apiKey, apiVersion: version, correlationId } = readRequestHeader(reader);
  if (apiKey === leaderAndIsr.key) {
    const body = await broker.leaderAndIsr(decodeRequest(leaderAndIsr, version, reader));
    return writeResponse(leaderAndIsr, version, correlationId, body);
  }
  if (apiKey === stopReplica.key) {
    const body = await broker.stopReplica(decodeRequest(stopReplica, version, reader));
    return writeResponse(stopReplica, version, correlationId, body);
  }
  const body = await broker.updateMetadata(decodeRequest(updateMetadata, version, reader));
  return writeResponse(updateMetadata, version, correlationId, body);
}

export function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
