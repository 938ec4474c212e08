/**
 * Requests that wait for something, by their connection: when the client has gone, or the broker
 * stops, they must not wait any longer.
 */

export class ParkedRequests {
  readonly #connections = new Map<number, AbortController>();
  #released = false;

  /** Aborts when nobody waits for the answer any more; one and the same for all of a connection. */
  signalFor(connectionId: number): AbortSignal {
    let controller = this.#connections.get(connectionId);
    if (controller === undefined) {
      controller = new AbortController();
      this.#connections.set(connectionId, controller);
      if (this.#released) controller.abort();
    }
    return controller.signal;
  }

  /** The connection is closed. */
  release(connectionId: number): void {
    this.#connections.get(connectionId)?.abort();
    this.#connections.delete(connectionId);
  }

  /** Nothing waits from now on. */
  releaseAll(): void {
    this.#released = true;
    for (const controller of this.#connections.values()) controller.abort();
  }
}
