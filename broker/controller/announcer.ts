/**
 * Tells brokers what the controller has written: LeaderAndIsr to those that have a replica,
 * UpdateMetadata to all, StopReplica to who gives one up. Nothing here waits for an answer.
 */

import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import type { Timers } from '../platform/timers.ts';
import type { leaderAndIsr } from '../protocol/messages/leader-and-isr.ts';
import type { ResponseOf } from '../protocol/schema/api.ts';
import type { BrokerChannels } from './broker-channels.ts';
import type { ControllerContext, LiveBroker } from './context.ts';
import type { LeaderAndIsrRequest, Sender } from './controller-requests.ts';
import {
  leaderAndIsrRequest,
  stopReplicaRequest,
  updateMetadataRequest,
} from './controller-requests.ts';

export interface Announcement {
  readonly created?: readonly TopicPartition[];
  /** By broker: those that it has just got a replica of. */
  readonly added?: ReadonlyMap<number, readonly TopicPartition[]>;
  /** Brokers that have to be told of everything they host. */
  readonly joined?: ReadonlySet<number>;
}

export interface AnsweredStates {
  readonly broker: LiveBroker;
  readonly request: LeaderAndIsrRequest;
  readonly response: ResponseOf<typeof leaderAndIsr>;
}

export interface AnnouncerOptions {
  readonly context: ControllerContext;
  readonly sender: Sender;
  readonly channels: BrokerChannels;
  readonly listenerName: string;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onAnswer: (answered: AnsweredStates) => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  /** Requests that brokers have not answered; they never reject. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Resolves when the brokers have answered all that was sent so far, at the latest after `timeoutMs`. */
  delivered(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(timeoutMs, resolve);
      void Promise.all(this.#underWay).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Tells brokers of their replicas, then all of the metadata. */
  announce(partitions: readonly TopicPartition[], announcement: Announcement = {}): void {
    // Apache Kafka's brokers do not follow a leader that they have not heard of, nor do they try again.
    if (announcement.joined !== undefined) this.sendMetadata([]);
    this.tellReplicas(partitions, announcement);
    this.sendMetadata(partitions, announcement.joined);
  }

  tellReplicas(partitions: readonly TopicPartition[], announcement: Announcement = {}): void {
    const { context } = this.#options;
    const { created = [], added, joined } = announcement;
    const hosts = new Map<number, TopicPartition[]>();
    for (const item of partitions) {
      for (const id of context.replicas(item)) {
        const items = hosts.get(id);
        if (items === undefined) hosts.set(id, [item]);
        else items.push(item);
      }
    }
    for (const broker of context.brokers.values()) {
      const isFull = joined?.has(broker.id) ?? false;
      const items = isFull ? context.hostedBy([broker.id]) : (hosts.get(broker.id) ?? []);
      if (!isFull && items.length === 0) continue;
      const own = added?.get(broker.id) ?? [];
      this.#tell(broker, { partitions: items, created, added: own, isFull });
    }
  }

  /** Asks a broker for every replica that it should have: its answer says which it has. */
  askAll(brokerId: number): void {
    const { context } = this.#options;
    const broker = context.brokers.get(brokerId);
    if (broker === undefined) return;
    const partitions = context.hostedBy([brokerId]);
    if (partitions.length > 0) this.#tell(broker, { partitions, created: [], isFull: false });
  }

  sendMetadata(partitions: readonly TopicPartition[], joined?: ReadonlySet<number>): void {
    const { context, sender, channels } = this.#options;
    const all = joined === undefined ? [] : context.partitions();
    for (const broker of context.brokers.values()) {
      const items = joined?.has(broker.id) === true ? all : partitions;
      const request = updateMetadataRequest({ context, sender, broker, partitions: items });
      this.#follow(channels.get(broker.id)?.updateMetadata(request));
    }
  }

  /** The broker gives up its replicas for now; the data stays. */
  stopReplicas(brokerId: number, partitions: readonly TopicPartition[]): void {
    this.#stop(brokerId, partitions, false);
  }

  /** The broker loses its replicas, and removes their data. */
  removeReplicas(brokerId: number, partitions: readonly TopicPartition[]): void {
    this.#stop(brokerId, partitions, true);
  }

  #stop(brokerId: number, partitions: readonly TopicPartition[], deletePartitions: boolean): void {
    const { context, sender, channels } = this.#options;
    const broker = context.brokers.get(brokerId);
    if (broker === undefined || partitions.length === 0) return;
    const request = stopReplicaRequest({
      context,
      sender,
      broker,
      partitions,
      deletePartitions,
      withEpochs: true,
    });
    this.#follow(channels.get(brokerId)?.stopReplica(request));
  }

  #tell(
    broker: LiveBroker,
    what: {
      readonly partitions: readonly TopicPartition[];
      readonly created: readonly TopicPartition[];
      readonly added?: readonly TopicPartition[];
      readonly isFull: boolean;
    },
  ): void {
    const { context, sender, channels, listenerName, onAnswer } = this.#options;
    const request = leaderAndIsrRequest({
      ...what,
      context,
      sender,
      broker,
      partitions: what.partitions.filter(({ topic }) => !context.deleting.has(topic)),
      listenerName,
    });
    if (!what.isFull && request.topicStates.length === 0) return;
    const sending = channels.get(broker.id)?.leaderAndIsr(request);
    this.#follow(sending?.then((response) => onAnswer({ broker, request, response })));
  }

  /** A channel that closes has its reason: the broker left, or the term is over. */
  #follow(sending: Promise<unknown> | undefined): void {
    if (sending === undefined) return;
    const settled = sending
      .then(() => undefined)
      .catch((error: unknown) => {
        this.#options.logger.debug({ err: error }, 'a request to a broker was given up');
      })
      .finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
  }
}
