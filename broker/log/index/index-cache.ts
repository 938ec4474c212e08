/**
 * Bounds the memory of loaded indexes: the least recently used are dropped first and loaded again
 * when a reader comes. Those of active segments are not in it.
 */

interface IndexOwner {
  dropIndexes(): void;
}

export class IndexCache {
  readonly #bytesMax: number;
  /** In the order of their last use, with their size. */
  readonly #owners = new Map<IndexOwner, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
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
