/**
 * The broker's picture of the cluster, as the controller's UpdateMetadata requests draw it, with a
 * way to wait until it shows something.
 *
 * A broker that has just started has none, and a controller that has just started tells of brokers
 * before it tells of topics: what such a picture lacks may exist all the same. Once whole it stays so.
 */

import type { BrokerImage, ClusterUpdate, Endpoint, TopicImage } from '../cluster/cluster-image.ts';
import { ClusterImage } from '../cluster/cluster-image.ts';
import type { Timer, Timers } from '../platform/timers.ts';

/** Since the first news: topics that ZooKeeper has and no controller tells of are not waited for. */
const TOPICS_OVERDUE_MS = 10_000;

interface Expected {
  readonly brokerId: number;
  readonly hasTopics: boolean;
}

export class MetadataCache {
  readonly image = new ClusterImage();
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();
  /** Null: nothing, the picture is whole. */
  #expected: Expected | null = null;
  /** Runs from the first news on, until the picture is whole. */
  #overdue: Timer | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  apply(update: ClusterUpdate): void {
    this.image.apply(update);
    for (const check of [...this.#waiting]) check();
    this.#look();
  }

  /** False: what the picture lacks may exist all the same. */
  get isWhole(): boolean {
    return this.#expected === null;
  }

  /** The picture is not whole before it shows this broker and, if the cluster has topics, some. */
  awaitPicture(expected: Expected): void {
    this.#expected = expected;
  }

  topic(name: string): TopicImage | undefined {
    return this.image.topics.get(name);
  }

  /** The endpoint of a live broker on a listener; brokers without that listener have none. */
  endpoint(brokerId: number, listenerName: string): Endpoint | undefined {
    return this.image.brokers.get(brokerId)?.endpoints.get(listenerName);
  }

  /** Live brokers that can be reached on the listener. */
  brokersOn(listenerName: string): readonly { broker: BrokerImage; endpoint: Endpoint }[] {
    return [...this.image.brokers.values()].flatMap((broker) => {
      const endpoint = broker.endpoints.get(listenerName);
      return endpoint === undefined ? [] : [{ broker, endpoint }];
    });
  }

  #look(): void {
    if (this.#expected === null || !this.image.isAlive(this.#expected.brokerId)) return;
    if (!this.#expected.hasTopics || this.image.topics.size > 0) this.#becomeWhole();
    else this.#overdue ??= this.#timers.after(TOPICS_OVERDUE_MS, () => this.#becomeWhole());
  }

  #becomeWhole(): void {
    this.#overdue?.cancel();
    this.#expected = null;
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves with true as soon as the condition holds, with false when the time is over. */
  waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const check = (): void => {
        if (condition()) finish(true);
      };
      const timer = this.#timers.after(timeoutMs, () => finish(false));
      const finish = (isTrue: boolean): void => {
        this.#waiting.delete(check);
        timer.cancel();
        resolve(isTrue);
      };
      this.#waiting.add(check);
    });
  }
}
