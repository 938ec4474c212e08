/** The events of a local cluster, kept, so that tests wait on what happens and not on time. */

import type { LocalClusterEvent } from '../../../operator/local/local-cluster.ts';

export class Recorded {
  readonly events: LocalClusterEvent[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (event: LocalClusterEvent): void => {
    this.events.push(event);
    for (const look of this.#waiting) look();
  };

  /** Resolves with the first event, of those from `from` on, that satisfies. */
  until(satisfies: (event: LocalClusterEvent) => boolean, from = 0): Promise<LocalClusterEvent> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.slice(from).find(satisfies);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the index after it, when the resource's condition Ready is told as `status`. */
  async ready(resource: string, status: 'True' | 'False' = 'True', from = 0): Promise<number> {
    const told = await this.until(
      (event) =>
        event.type === 'condition' &&
        event.condition === 'Ready' &&
        `${event.kind} ${event.name}` === resource &&
        event.status === status,
      from,
    );
    return this.events.indexOf(told) + 1;
  }

  /** The resources that were told to be stalled: what nobody but a person can end. */
  stalled(): readonly string[] {
    return this.events.flatMap((event) =>
      event.type === 'condition' && event.condition === 'Stalled' && event.status === 'True'
        ? [`${event.kind} ${event.name}: ${event.message}`]
        : [],
    );
  }
}
