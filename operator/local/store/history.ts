/**
 * The store's changes in order, bounded, and those who watch them. A watch begins after a
 * resourceVersion: what the history still holds is replayed; when it starts later, GONE. Events are
 * delivered in order, outside the call that made them, one watcher never inside another.
 */

import { KubeError } from '../../kube/port.ts';
import type { StoredObject } from './stored-object.ts';

export interface Change {
  readonly resourceVersion: number;
  /** Null: there was none. */
  readonly before: StoredObject | null;
  /** Null: it is gone. */
  readonly after: StoredObject | null;
  /** The last of the object that there was, with the resourceVersion of this change. */
  readonly object: StoredObject;
}

export type HistoryItem = Change | { readonly bookmark: number };

export interface Follower {
  readonly onItem: (item: HistoryItem) => void;
  readonly onFailure: (error: unknown) => void;
}

export class History {
  readonly #changesMax: number;
  #changes: readonly Change[] = [];
  /** The newest change that is no longer held. */
  #forgotten = 0;
  #resourceVersion = 0;
  readonly #followers = new Map<Follower, HistoryItem[]>();

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
  }

  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  nextResourceVersion(): number {
    this.#resourceVersion += 1;
    return this.#resourceVersion;
  }

  add(change: Change): void {
    const changes = [...this.#changes, change];
    // Trimmed by halves, so that adding stays cheap.
    if (changes.length > 2 * this.#changesMax) {
      this.#forgotten = changes.at(-this.#changesMax - 1)?.resourceVersion ?? this.#forgotten;
      this.#changes = changes.slice(-this.#changesMax);
    } else {
      this.#changes = changes;
    }
    for (const follower of this.#followers.keys()) this.#enqueue(follower, [change]);
  }

  bookmark(): void {
    const item = { bookmark: this.#resourceVersion };
    for (const follower of this.#followers.keys()) this.#enqueue(follower, [item]);
  }

  /** Returns what ends it. */
  follow(resourceVersion: number, follower: Follower): () => void {
    if (resourceVersion < this.#forgotten) {
      throw new KubeError('GONE', `resourceVersion ${String(resourceVersion)} is too old`);
    }
    this.#followers.set(follower, []);
    this.#enqueue(
      follower,
      this.#changes.filter((change) => change.resourceVersion > resourceVersion),
    );
    return () => void this.#followers.delete(follower);
  }

  #enqueue(follower: Follower, items: readonly HistoryItem[]): void {
    const queue = this.#followers.get(follower);
    if (queue === undefined || items.length === 0) return;
    const idle = queue.length === 0;
    queue.push(...items);
    if (idle) queueMicrotask(() => this.#deliver(follower, queue));
  }

  #deliver(follower: Follower, queue: HistoryItem[]): void {
    try {
      for (let item = queue[0]; item !== undefined; item = queue[0]) {
        if (!this.#followers.has(follower)) return;
        follower.onItem(item);
        queue.shift();
      }
    } catch (error) {
      this.#followers.delete(follower);
      follower.onFailure(error);
    }
  }
}
