/**
 * The controller of the cluster, for one term: reads what is in ZooKeeper, elects leaders, tells the
 * brokers, and reacts to changes until it is deposed.
 *
 * Invariants: one event at a time, in the order of arrival; every write goes through the session
 * that owns /controller, so an expired controller cannot write; a failed write, or a sign of a newer
 * controller, ends the term for good, nothing is tried again on another session. The next controller
 * starts from what is in ZooKeeper.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timer } from '../platform/timers.ts';
import { paths } from '../zookeeper/paths.ts';
import type { NodeData, ZooKeeperSession } from '../zookeeper/port.ts';
import type { StandingWatch } from '../zookeeper/watches.ts';
import { watchChildren, watchData } from '../zookeeper/watches.ts';
import { Announcer } from './announcer.ts';
import type { AnsweredStates } from './announcer.ts';
import type { ChannelOptions } from './broker-channels.ts';
import { BrokerChannels } from './broker-channels.ts';
import { ControllerContext } from './context.ts';
import { BrokerChanges } from './events/broker-changes.ts';
import { TopicChanges } from './events/topic-changes.ts';
import type { StoppingBroker } from './leadership/controlled-shutdown.ts';
import { shutDown } from './leadership/controlled-shutdown.ts';
import { takeIsrNotifications } from './leadership/isr-notifications.ts';
import type { IsrOutcome, IsrProposals } from './leadership/isr-proposals.ts';
import { takeIsrProposals } from './leadership/isr-proposals.ts';
import { Leadership } from './leadership/leadership.ts';
import { takePreferredElection } from './leadership/preferred-election-node.ts';
import type { Rebalancing } from './leadership/rebalancing.ts';
import type { ElectionOutcome, RequestedElection } from './leadership/requested-elections.ts';
import { electOnRequest, imbalanced } from './leadership/requested-elections.ts';
import type { TopicConfigs } from './leadership/topic-settings.ts';
import { TopicSettings } from './leadership/topic-settings.ts';
import { UncleanStarts } from './leadership/unclean-starts.ts';
import { noteReplicas, takeLogDirEvents } from './log-dir-failures.ts';
import { NewerControllerError } from './newer-controller.ts';
import { PartitionMachine } from './partition-machine.ts';
import { TermEvents } from './term-events.ts';
import type { Term } from './term.ts';
import { TopicDeletion } from './topic-deletion.ts';

/** After the beginning of the term; as Kafka. */
const REBALANCE_FIRST_MS = 5000;

export interface ControllerOptions {
  /** Owns /controller; nothing else uses it. */
  readonly session: ZooKeeperSession;
  readonly brokerId: number;
  readonly epoch: number;
  readonly channels: Omit<ChannelOptions, 'onDeposed'>;
  readonly random: Random;
  readonly logger: Logger;
  readonly topicConfigs: TopicConfigs;
  /** inter.broker.protocol.version is 2.8 or later: topics have ids. */
  readonly topicIds: boolean;
  /** It is 3.2 or later: leaders recover after an unclean election. */
  readonly recoveryState: boolean;
  /** Null: leadership stays where it is. */
  readonly rebalancing: Rebalancing | null;
  /** delete.topic.enable; without it, markers for deletion are taken away. */
  readonly deletionEnabled: () => boolean;
  /** The term has to end; called once. */
  readonly onFailure: (error: unknown) => void;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #events: TermEvents;
  readonly #term: Term;
  readonly #brokers: BrokerChanges;
  readonly #topics: TopicChanges;
  readonly #watches: StandingWatch[] = [];
  #rebalance: Timer | null = null;
  /** Brokers and topics have been read: what is not known does not exist. */
  #isLoaded = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#events = new TermEvents((error) => {
      this.stop();
      options.onFailure(error);
    });
    this.#term = this.#makeTerm();
    this.#brokers = new BrokerChanges(this.#term);
    this.#topics = new TopicChanges(this.#term, options);
  }

  /** Resolves when the brokers have answered all that was sent so far, at the latest after `timeoutMs`. */
  delivered(timeoutMs: number): Promise<void> {
    return this.#term.announcer.delivered(timeoutMs);
  }

  /** Partitions of the cluster that nobody leads. */
  get offlinePartitionCount(): number {
    return this.#term.context.offlinePartitionCount;
  }

  get epoch(): number {
    return this.#options.epoch;
  }

  /** Undefined for a topic that is not known. */
  topicName(topicId: string): string | undefined {
    return this.#term.context.topicName(topicId);
  }

  /** Sets the watches; their first values load the cluster, brokers before topics. */
  start(): void {
    this.#watchNames(paths.brokerIds, async (ids) => {
      await this.#brokers.onBrokers(ids);
      await this.#clearUncleanStarts();
    });
    this.#watchNames(paths.topics, async (topics) => {
      await this.#topics.onTopics(topics);
      this.#isLoaded = true;
      await this.#clearUncleanStarts();
    });
    this.#watchNames(paths.deleteTopics, (topics) => this.#topics.onDeletions(topics));
    this.#watchNames(paths.logDirEvents, (names) => this.#onLogDirEvents(names));
    this.#watchNames(paths.isrChanges, (names) => takeIsrNotifications(this.#term, names));
    const onElection = (node: NodeData | null): Promise<void> =>
      this.#events.run(() => takePreferredElection(this.#term, node));
    this.#watches.push(
      watchData(this.#options.session, paths.preferredElection, onElection, this.#failed),
    );
    this.#startRebalancing();
  }

  /** An epoch that somebody else has: a higher one than that of this term ends it. */
  sawEpoch(controllerEpoch: number): void {
    if (controllerEpoch <= this.#options.epoch) return;
    this.#events.fail(new NewerControllerError(controllerEpoch, 'a request'));
  }

  /** AlterPartition. Rejects with NOT_CONTROLLER, STALE_BROKER_EPOCH. */
  alterPartitions(proposals: IsrProposals): Promise<readonly IsrOutcome[]> {
    return this.#events.ask(() => takeIsrProposals(this.#loaded(), proposals));
  }

  /** What the broker still leads. Rejects with NOT_CONTROLLER, BROKER_NOT_AVAILABLE, STALE_BROKER_EPOCH. */
  controlledShutdown(broker: StoppingBroker): Promise<readonly TopicPartition[]> {
    return this.#events.ask(() => shutDown(this.#loaded(), broker));
  }

  /** Null: of every partition that needs it. Rejects with NOT_CONTROLLER. */
  electLeaders(
    election: RequestedElection,
    partitions: readonly TopicPartition[] | null,
  ): Promise<readonly ElectionOutcome[]> {
    return this.#events.ask(async () => {
      const term = this.#loaded();
      const items = partitions ?? term.context.partitions();
      const outcomes = await electOnRequest(term, election, items);
      await this.#clearUncleanStarts();
      return outcomes;
    });
  }

  /** What these topics say, or all of them inherit, has changed. */
  topicConfigsChanged(topics: readonly string[] | 'all'): void {
    const { context, leadership, announcer } = this.#term;
    void this.#events.run(async () => {
      const partitions =
        topics === 'all'
          ? context.partitions()
          : topics.flatMap((topic) => context.partitions(topic));
      const dropped = await leadership.dropEligible(partitions);
      const changed = [...dropped, ...(await leadership.settle(partitions))];
      if (changed.length > 0) announcer.announce(changed);
      await this.#clearUncleanStarts();
    });
  }

  /** Ends the term. Idempotent; does not touch ZooKeeper: the session's owner closes it. */
  stop(): void {
    this.#events.end();
    this.#rebalance?.cancel();
    this.#term.channels.closeAll();
    this.#term.deletion.stop();
    this.#brokers.stop();
    this.#topics.stop();
    for (const watch of this.#watches) watch.stop();
  }

  readonly #failed = (error: unknown): void => this.#events.fail(error);

  #makeTerm(): Term {
    const { session, brokerId, epoch, logger, channels, topicConfigs, recoveryState } =
      this.#options;
    const events = this.#events;
    const context = new ControllerContext();
    const sender = { controllerId: brokerId, controllerEpoch: epoch };
    const toBrokers = new BrokerChannels({
      ...channels,
      onDeposed: () => events.fail(new Error('a broker knows a newer controller')),
    });
    const announcer = new Announcer({
      context,
      sender,
      channels: toBrokers,
      listenerName: channels.listenerName,
      timers: channels.timers,
      logger,
      onAnswer: (answered) => void events.run(() => this.#onStatesAnswered(answered)),
    });
    const settings = new TopicSettings(topicConfigs, logger);
    const partitions = new PartitionMachine({
      session,
      context,
      controllerEpoch: epoch,
      minInSync: (topic) => settings.minInSync(topic),
      logger,
    });
    return {
      session,
      context,
      events,
      channels: toBrokers,
      announcer,
      partitions,
      settings,
      leadership: new Leadership({ context, partitions, settings, recoveryState, logger }),
      uncleanStarts: new UncleanStarts(session, context),
      deletion: new TopicDeletion({
        session,
        context,
        sender,
        channels: toBrokers,
        partitions,
        sendMetadata: (topics) =>
          announcer.sendMetadata(topics.flatMap((topic) => context.partitions(topic))),
        enqueue: (event) => void events.run(event),
        timers: channels.timers,
        logger,
      }),
      logger,
    };
  }

  #watchNames(path: string, onNames: (names: readonly string[]) => Promise<void>): void {
    const onChildren = (names: readonly string[] | null): Promise<void> =>
      this.#events.run(() => onNames(names ?? []));
    this.#watches.push(watchChildren(this.#options.session, path, onChildren, this.#failed));
  }

  /** Throws NOT_CONTROLLER while a request could be answered wrongly. */
  #loaded(): Term {
    if (!this.#isLoaded) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
    return this.#term;
  }

  /** Before topics are known, nothing is known of what is in doubt. */
  async #clearUncleanStarts(): Promise<void> {
    if (this.#isLoaded) await this.#term.uncleanStarts.clear();
  }

  /** The answer tells which replicas the broker has, and which are on a disk that failed. */
  async #onStatesAnswered({ broker, request, response }: AnsweredStates): Promise<void> {
    const { context, leadership, announcer, logger } = this.#term;
    if (context.brokers.get(broker.id)?.epoch !== broker.epoch) return;
    const changed = noteReplicas(context, broker.id, { request, response });
    if (changed.length === 0) return;
    const lost = changed.filter((item) => !context.isOnline(broker.id, item));
    logger.warn(
      { broker: broker.id, lost: lost.length, found: changed.length - lost.length },
      'a broker says of replicas that their disk failed, or works again',
    );
    announcer.tellReplicas(await leadership.settle(changed));
    announcer.sendMetadata(changed);
  }

  /** Somebody's log.dir failed: its broker is asked of every replica that it should have. */
  async #onLogDirEvents(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const { session, announcer, logger } = this.#term;
    const ids = await takeLogDirEvents(session, names, logger);
    logger.warn({ brokers: [...ids] }, 'brokers say that a log.dir of theirs failed');
    for (const id of ids) announcer.askAll(id);
  }

  #startRebalancing(): void {
    const { rebalancing, channels } = this.#options;
    if (rebalancing === null) return;
    const { intervalMs, percentageMax } = rebalancing;
    const rebalance = (): Promise<void> =>
      this.#events.run(async () => {
        const partitions = imbalanced(this.#term, percentageMax);
        if (partitions.length > 0) await electOnRequest(this.#term, 'preferred', partitions);
      });
    this.#rebalance = channels.timers.after(Math.min(REBALANCE_FIRST_MS, intervalMs), () => {
      void rebalance();
      this.#rebalance = channels.timers.every(intervalMs, () => void rebalance());
    });
  }
}
