/**
 * The broker's picture of the cluster, as the controller's UpdateMetadata requests draw it, with a
 * way to wait until it shows something.
 */

import type { BrokerImage, ClusterUpdate, Endpoint, TopicImage } from '../cluster/cluster-image.ts';
import { ClusterImage } from '../cluster/cluster-image.ts';
import type { Timers } from '../platform/timers.ts';

export class MetadataCache {
  readonly image = new ClusterImage();
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  apply(update: ClusterUpdate): void {
    this.image.apply(update);
    for (const check of [...this.#waiting]) check();
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
