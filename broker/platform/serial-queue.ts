/**
 * Runs asynchronous tasks one after the other, in the order of their arrival. The unit of mutual
 * exclusion in the broker: a partition, a group and the controller own one each. A task that fails
 * rejects its own promise and nothing else.
 */

export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Tasks waiting or running. */
  get length(): number {
    return this.#length;
  }

  run<T>(task: () => Promise<T> | T): Promise<T> {
    this.#length += 1;
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => this.#done(),
      () => this.#done(),
    );
    return result;
  }

  /** Resolves when everything queued so far has run. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  #done(): void {
    this.#length -= 1;
  }
}
