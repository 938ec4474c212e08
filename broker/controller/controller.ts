/**
 * The controller of the cluster, for one term: reads what is in ZooKeeper, elects leaders, tells the
 * brokers, and reacts to changes until it is deposed.
 *
 * Invariants: one event at a time, in the order of arrival; every write goes through the session
 * that owns /controller, so an expired controller cannot write; a failed write, or a sign of a newer
 * controller, ends the term for good, nothing is tried again on another session. The next controller
 * starts from what is in ZooKeeper.
 */

import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import { uuidToText } from '../protocol/wire/uuid.ts';
import { brokerPath, paths, topicPath } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import type { StandingWatch } from '../zookeeper/watches.ts';
import { watchChildren, watchData } from '../zookeeper/watches.ts';
import { decodeBrokerRegistration } from '../zookeeper/znodes/broker-registration.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';
import type { TopicAssignment } from '../zookeeper/znodes/topic-assignment.ts';
import {
  decodeTopicAssignment,
  encodeTopicAssignment,
} from '../zookeeper/znodes/topic-assignment.ts';
import type { ChannelOptions } from './broker-channels.ts';
import { BrokerChannels } from './broker-channels.ts';
import type { LiveBroker } from './context.ts';
import { ControllerContext } from './context.ts';
import type { Sender } from './controller-requests.ts';
import { leaderAndIsrRequest, updateMetadataRequest } from './controller-requests.ts';
import { NewerControllerError } from './newer-controller.ts';
import { PartitionMachine } from './partition-machine.ts';
import { TopicDeletion } from './topic-deletion.ts';

export interface ControllerOptions {
  /** Owns /controller; nothing else uses it. */
  readonly session: ZooKeeperSession;
  readonly brokerId: number;
  readonly epoch: number;
  readonly channels: Omit<ChannelOptions, 'onDeposed'>;
  readonly random: Random;
  readonly logger: Logger;
  /** inter.broker.protocol.version is 2.8 or later: topics have ids. */
  readonly topicIds: boolean;
  /** delete.topic.enable; without it, markers for deletion are taken away. */
  readonly deletionEnabled: () => boolean;
  /** The term has to end; called once. */
  readonly onFailure: (error: unknown) => void;
}

interface Announcement {
  readonly created?: readonly TopicPartition[];
  /** Brokers that have to be told of everything they host. */
  readonly joined?: ReadonlySet<number>;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #session: ZooKeeperSession;
  readonly #context = new ControllerContext();
  readonly #events = new SerialQueue();
  readonly #channels: BrokerChannels;
  readonly #partitions: PartitionMachine;
  readonly #deletion: TopicDeletion;
  readonly #sender: Sender;
  readonly #logger: Logger;
  readonly #watches: StandingWatch[] = [];
  /** Requests that brokers have not answered; they never reject. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #topicWatches = new Map<string, StandingWatch>();
  readonly #brokerWatches = new Map<number, StandingWatch>();
  #markedForDeletion: readonly string[] = [];
  #ended = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#logger = options.logger;
    this.#sender = { controllerId: options.brokerId, controllerEpoch: options.epoch };
    this.#channels = new BrokerChannels({
      ...options.channels,
      onDeposed: () => this.#fail(new Error('a broker knows a newer controller')),
    });
    this.#partitions = new PartitionMachine({
      session: options.session,
      context: this.#context,
      controllerEpoch: options.epoch,
      logger: options.logger,
    });
    this.#deletion = new TopicDeletion({
      session: options.session,
      context: this.#context,
      sender: this.#sender,
      channels: this.#channels,
      partitions: this.#partitions,
      sendMetadata: (topics) =>
        this.#sendMetadata(topics.flatMap((it) => this.#context.partitions(it))),
      onReplicasDeleted: (topic) => {
        void this.#enqueue(() => this.#finishDeletion(topic));
      },
      onRetry: () => void this.#enqueue(() => this.#deletion.begin(this.#markedForDeletion)),
      timers: options.channels.timers,
      logger: options.logger,
    });
  }

  /** Resolves when the brokers have answered all that was sent so far, at the latest after `timeoutMs`. */
  delivered(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.channels.timers.after(timeoutMs, resolve);
      void Promise.all(this.#underWay).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Partitions of the cluster that nobody leads. */
  get offlinePartitionCount(): number {
    return this.#context.offlinePartitionCount;
  }

  get epoch(): number {
    return this.#options.epoch;
  }

  /** Sets the watches; their first values load the cluster, brokers before topics. */
  start(): void {
    const failed = (error: unknown): void => this.#fail(error);
    const watch = (path: string, onNames: (names: readonly string[]) => Promise<void>): void => {
      const onChildren = (names: readonly string[] | null): Promise<void> =>
        this.#enqueue(() => onNames(names ?? []));
      this.#watches.push(watchChildren(this.#session, path, onChildren, failed));
    };
    watch(paths.brokerIds, (ids) => this.#onBrokers(ids));
    watch(paths.topics, (topics) => this.#onTopics(topics));
    watch(paths.deleteTopics, (topics) => this.#onDeletions(topics));
  }

  /** An epoch that somebody else has: a higher one than that of this term ends it. */
  sawEpoch(controllerEpoch: number): void {
    if (controllerEpoch <= this.#options.epoch) return;
    this.#fail(new NewerControllerError(controllerEpoch, 'a request'));
  }

  /** Ends the term. Idempotent; does not touch ZooKeeper: the session's owner closes it. */
  stop(): void {
    this.#ended = true;
    this.#channels.closeAll();
    this.#deletion.stop();
    for (const watch of this.#watches) watch.stop();
    for (const watch of this.#topicWatches.values()) watch.stop();
    for (const watch of this.#brokerWatches.values()) watch.stop();
  }

  #enqueue(event: () => Promise<void>): Promise<void> {
    return this.#events.run(async () => {
      if (this.#ended) return;
      try {
        await event();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.stop();
    this.#options.onFailure(error);
  }

  async #onBrokers(names: readonly string[]): Promise<void> {
    const found = await Promise.all(names.map((name) => this.#readBroker(Number(name))));
    const live = new Map(found.flatMap((broker) => (broker === null ? [] : [[broker.id, broker]])));
    const gone = [...this.#context.brokers.keys()].filter((id) => !live.has(id));
    const joined = [...live.values()].filter(
      (broker) => this.#context.brokers.get(broker.id)?.epoch !== broker.epoch,
    );
    if (gone.length === 0 && joined.length === 0) return;
    const restarted = joined.filter((broker) => this.#context.isAlive(broker.id));
    const lost = [...gone, ...restarted.map(({ id }) => id)];
    await this.#removeBrokers(lost);
    await this.#addBrokers(joined);
  }

  async #removeBrokers(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    this.#logger.info({ brokers: ids }, 'brokers left');
    for (const id of ids) {
      this.#context.brokers.delete(id);
      this.#channels.close(id);
      this.#brokerWatches.get(id)?.stop();
      this.#brokerWatches.delete(id);
    }
    const affected = this.#context.partitions().filter((item) => {
      const leader = this.#context.state(item)?.leader;
      return leader !== undefined && ids.includes(leader);
    });
    const elected = await this.#partitions.elect(affected);
    const touched = this.#context
      .partitions()
      .filter((item) => this.#context.replicas(item).some((id) => ids.includes(id)));
    this.#tellReplicas(elected);
    this.#sendMetadata(touched);
  }

  async #addBrokers(brokers: readonly LiveBroker[]): Promise<void> {
    if (brokers.length === 0) return;
    this.#logger.info({ brokers: brokers.map(({ id }) => id) }, 'brokers joined');
    for (const broker of brokers) {
      this.#context.brokers.set(broker.id, broker);
      this.#channels.open(broker);
      this.#watchBroker(broker.id);
    }
    const joined = new Set(brokers.map(({ id }) => id));
    const hosted = this.#context
      .partitions()
      .filter((item) => this.#context.replicas(item).some((id) => joined.has(id)));
    const created = await this.#partitions.create(hosted);
    const elected = await this.#partitions.elect(hosted);
    this.#announce([...created, ...elected], { created, joined });
    await this.#deletion.begin(this.#markedForDeletion);
  }

  /** A broker that changes its listeners sets the data of its node: its epoch stays. */
  #watchBroker(id: number): void {
    const onData = (): Promise<void> => this.#enqueue(() => this.#onBrokerChanged(id));
    const watch = watchData(this.#session, brokerPath(id), onData, (error) => this.#fail(error));
    this.#brokerWatches.set(id, watch);
  }

  async #onBrokerChanged(id: number): Promise<void> {
    const broker = await this.#readBroker(id);
    const known = this.#context.brokers.get(id);
    if (broker === null || known?.epoch !== broker.epoch) return;
    if (broker.version === known.version) return;
    this.#context.brokers.set(id, broker);
    // What waited for the old address is lost with its channel, so the broker is told all anew.
    this.#channels.open(broker);
    this.#announce([], { joined: new Set([id]) });
    await this.#deletion.begin(this.#markedForDeletion);
  }

  async #readBroker(id: number): Promise<LiveBroker | null> {
    const path = brokerPath(id);
    const node = await this.#session.get(path);
    if (node?.data == null) return null;
    const { czxid: epoch, version } = node.stat;
    try {
      return { id, epoch, version, registration: decodeBrokerRegistration(node.data, path) };
    } catch (error) {
      this.#ignoreUnreadable(error);
      return null;
    }
  }

  async #onTopics(names: readonly string[]): Promise<void> {
    const present = new Set(names);
    for (const topic of [...this.#context.topics.keys()]) {
      if (!present.has(topic)) this.#forgetTopic(topic);
    }
    const added = names.filter((name) => !this.#context.topics.has(name));
    await Promise.all(added.map((topic) => this.#readTopic(topic)));
    const partitions = added.flatMap((topic) => this.#context.partitions(topic));
    await this.#partitions.load(partitions);
    await this.#bringOnline(partitions);
    for (const topic of added) if (this.#context.topics.has(topic)) this.#watchTopic(topic);
    await this.#deletion.begin(this.#markedForDeletion);
  }

  async #readTopic(topic: string): Promise<void> {
    const path = topicPath(topic);
    const node = await this.#session.get(path);
    if (node === null) return;
    let assignment: TopicAssignment;
    try {
      assignment = decodeTopicAssignment(node.data, path);
    } catch (error) {
      this.#ignoreUnreadable(error);
      return;
    }
    if (assignment.topicId === null && this.#options.topicIds) {
      assignment = { ...assignment, topicId: uuidToText(this.#options.random.uuid()) };
      await this.#session.set(path, encodeTopicAssignment(assignment), node.stat.version);
    }
    this.#context.topics.set(topic, assignment);
  }

  /** One znode that somebody spoiled must not leave the cluster without a controller. */
  #ignoreUnreadable(error: unknown): void {
    if (!(error instanceof ZnodeFormatError)) throw error;
    this.#logger.error({ err: error }, 'a znode is ignored');
  }

  #watchTopic(topic: string): void {
    const onData = (): Promise<void> => this.#enqueue(() => this.#onTopicChanged(topic));
    const watch = watchData(this.#session, topicPath(topic), onData, (error) => this.#fail(error));
    this.#topicWatches.set(topic, watch);
  }

  /** Partitions were added. */
  async #onTopicChanged(topic: string): Promise<void> {
    if (!this.#context.topics.has(topic) || this.#context.deleting.has(topic)) return;
    const before = new Set(this.#context.topics.get(topic)?.partitions.keys());
    await this.#readTopic(topic);
    const added = this.#context.partitions(topic).filter(({ partition }) => !before.has(partition));
    if (added.length === 0) return;
    await this.#partitions.load(added);
    await this.#bringOnline(added);
  }

  async #bringOnline(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const created = await this.#partitions.create(partitions);
    await this.#partitions.elect(partitions);
    this.#announce(partitions, { created });
  }

  /** The topic's znode is gone although this controller did not remove it. */
  #forgetTopic(topic: string): void {
    this.#logger.warn(
      { topic },
      'the znode of a topic was removed by hand: its replicas stay behind',
    );
    this.#topicWatches.get(topic)?.stop();
    this.#topicWatches.delete(topic);
    this.#context.removeTopic(topic);
  }

  async #onDeletions(topics: readonly string[]): Promise<void> {
    if (!this.#options.deletionEnabled()) {
      await this.#deletion.refuse(topics);
      return;
    }
    this.#markedForDeletion = topics;
    await this.#deletion.begin(topics);
  }

  async #finishDeletion(topic: string): Promise<void> {
    this.#topicWatches.get(topic)?.stop();
    this.#topicWatches.delete(topic);
    await this.#deletion.finish(topic);
    // A topic of that name that is made again is not to be deleted for the old one's marker.
    this.#markedForDeletion = this.#markedForDeletion.filter((name) => name !== topic);
  }

  /** Tells brokers of their replicas, then all of the metadata. */
  #announce(partitions: readonly TopicPartition[], announcement: Announcement = {}): void {
    this.#tellReplicas(partitions, announcement);
    this.#sendMetadata(partitions, announcement.joined);
  }

  #tellReplicas(
    partitions: readonly TopicPartition[],
    { created, joined }: Announcement = {},
  ): void {
    for (const broker of this.#context.brokers.values()) {
      const isFull = joined?.has(broker.id) ?? false;
      const items = isFull ? this.#context.partitions() : partitions;
      const request = leaderAndIsrRequest({
        context: this.#context,
        sender: this.#sender,
        broker,
        partitions: items.filter(({ topic }) => !this.#context.deleting.has(topic)),
        created: created ?? [],
        isFull,
        listenerName: this.#options.channels.listenerName,
      });
      if (isFull || request.topicStates.length > 0) {
        this.#ignoreClosed(this.#channels.get(broker.id)?.leaderAndIsr(request));
      }
    }
  }

  #sendMetadata(partitions: readonly TopicPartition[], joined?: ReadonlySet<number>): void {
    for (const broker of this.#context.brokers.values()) {
      const items = joined?.has(broker.id) === true ? this.#context.partitions() : partitions;
      const request = updateMetadataRequest({
        context: this.#context,
        sender: this.#sender,
        broker,
        partitions: items,
      });
      this.#ignoreClosed(this.#channels.get(broker.id)?.updateMetadata(request));
    }
  }

  /** A channel that closes has its reason: the broker left, or the term is over. */
  #ignoreClosed(sending: Promise<unknown> | undefined): void {
    if (sending === undefined) return;
    const settled = sending
      .then(() => undefined)
      .catch((error: unknown) => {
        this.#logger.debug({ err: error }, 'a request to a broker was given up');
      })
      .finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
  }
}
