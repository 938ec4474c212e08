/** Who wants to be called when something has changed; a listener may go while it is called. */

export class Listeners {
  readonly #listeners = new Set<() => void>();

  /** Returns how to stop it. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    if (this.#listeners.size === 0) return;
    for (const listener of [...this.#listeners]) listener();
  }
}
