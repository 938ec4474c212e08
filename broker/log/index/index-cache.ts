/**
 * Bounds the memory of loaded indexes: the least recently used are dropped first and loaded again
 * when a reader comes. Those of active segments are not in it.
 */

import { TaskLimit } from '../../platform/task-limit.ts';

/** Index files that are read at the same time: each is open meanwhile. */
const READS_MAX = 16;

interface IndexOwner {
  dropIndexes(): void;
}

export class IndexCache {
  readonly #bytesMax: number;
  /** In the order of their last use, with their size. */
  readonly #owners = new Map<IndexOwner, number>();
  #bytes = 0;
  readonly #reads = new TaskLimit(READS_MAX);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Runs what opens index files to read them, and nothing else: it must not wait for another one. */
  read<T>(task: () => Promise<T>): Promise<T> {
    return this.#reads.run(task);
  }

  /** To be called at every use. */
  touch(owner: IndexOwner, bytes: number): void {
    this.remove(owner);
    this.#owners.set(owner, bytes);
    this.#bytes += bytes;
    for (const oldest of this.#owners.keys()) {
      if (this.#bytes <= this.#bytesMax || oldest === owner) return;
      this.remove(oldest);
      oldest.dropIndexes();
    }
  }

  remove(owner: IndexOwner): void {
    this.#bytes -= this.#owners.get(owner) ?? 0;
    this.#owners.delete(owner);
  }
}
