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
import type { Timer } from '../platform/timers.ts';
import { paths } from '../zookeeper/paths.ts';
import type { NodeData } from '../zookeeper/port.ts';
import type { StandingWatch } from '../zookeeper/watches.ts';
import { watchChildren, watchData } from '../zookeeper/watches.ts';
import type { AnsweredStates } from './announcer.ts';
import type { ControllerOptions } from './controller-options.ts';
import { BrokerChanges } from './events/broker-changes.ts';
import { TopicChanges } from './events/topic-changes.ts';
import type { StoppingBroker } from './leadership/controlled-shutdown.ts';
import { shutDown } from './leadership/controlled-shutdown.ts';
import { takeIsrNotifications } from './leadership/isr-notifications.ts';
import type { IsrOutcome, IsrProposals } from './leadership/isr-proposals.ts';
import { takeIsrProposals } from './leadership/isr-proposals.ts';
import { takePreferredElection } from './leadership/preferred-election-node.ts';
import type { ElectionOutcome, RequestedElection } from './leadership/requested-elections.ts';
import { electOnRequest, imbalanced } from './leadership/requested-elections.ts';
import { noteReplicas, takeLogDirEvents } from './log-dir-failures.ts';
import { makeTerm } from './make-term.ts';
import { NewerControllerError } from './newer-controller.ts';
import type {
  OngoingReassignment,
  ReassignmentOptions,
  ReassignmentOutcome,
} from './reassignment/reassignments.ts';
import { Reassignments } from './reassignment/reassignments.ts';
import type { RequestedPlacement } from './reassignment/refusals.ts';
import { TermEvents } from './term-events.ts';
import type { Term } from './term.ts';

/** After the beginning of the term; as Kafka. */
const REBALANCE_FIRST_MS = 5000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #events: TermEvents;
  readonly #term: Term;
  readonly #brokers: BrokerChanges;
  readonly #topics: TopicChanges;
  readonly #reassignments: Reassignments;
  readonly #watches: StandingWatch[] = [];
  #rebalance: Timer | null = null;
  /** Brokers and topics have been read: what is not known does not exist. */
  #isLoaded = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#events = new TermEvents(
      (error) => {
        this.stop();
        options.onFailure(error);
      },
      () => this.#goOn(),
    );
    this.#term = makeTerm(options, {
      events: this.#events,
      onAnswer: (answered) => void this.#events.run(() => this.#onStatesAnswered(answered)),
    });
    this.#brokers = new BrokerChanges(this.#term);
    this.#topics = new TopicChanges(this.#term, options);
    this.#reassignments = new Reassignments(this.#term);
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
      if (!this.#isLoaded) this.#watchRequests();
      this.#isLoaded = true;
      await this.#clearUncleanStarts();
    });
    this.#watchNames(paths.deleteTopics, (topics) => this.#topics.onDeletions(topics));
    this.#watchNames(paths.logDirEvents, (names) => this.#onLogDirEvents(names));
    this.#watchNames(paths.isrChanges, (names) => takeIsrNotifications(this.#term, names));
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

  /** AlterPartitionReassignments: one outcome for each. Rejects with NOT_CONTROLLER. */
  reassign(
    requests: readonly RequestedPlacement[],
    options: ReassignmentOptions,
  ): Promise<readonly ReassignmentOutcome[]> {
    return this.#events.ask(() => {
      this.#loaded();
      return this.#reassignments.request(requests, options);
    });
  }

  /** ListPartitionReassignments; null: all. Rejects with NOT_CONTROLLER. */
  reassignments(
    partitions: readonly TopicPartition[] | null,
  ): Promise<readonly OngoingReassignment[]> {
    return this.#events.ask(() => {
      this.#loaded();
      return Promise.resolve(this.#reassignments.list(partitions));
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

  /** What tools ask for by znodes is about topics, so these have to be known. */
  #watchRequests(): void {
    const onReassignment = (node: NodeData | null): Promise<void> =>
      this.#events.run(() => this.#reassignments.takeNode(node));
    const onElection = (node: NodeData | null): Promise<void> =>
      this.#events.run(() => takePreferredElection(this.#term, node));
    this.#watches.push(
      watchData(this.#options.session, paths.reassignPartitions, onReassignment, this.#failed),
      watchData(this.#options.session, paths.preferredElection, onElection, this.#failed),
    );
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

  /** What an event has changed may be what a reassignment waits for. */
  #goOn(): void {
    if (!this.#isLoaded || !this.#reassignments.isDue) return;
    void this.#events.run(() => this.#reassignments.advance());
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
