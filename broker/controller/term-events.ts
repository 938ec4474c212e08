/**
 * What a term of the controller does, one event at a time in the order of arrival. An event that
 * fails ends the term; after the end no event runs any more. After each event somebody may look at
 * what it has changed, and enqueue what follows from that.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { SerialQueue } from '../platform/serial-queue.ts';

export class TermEvents {
  readonly #queue = new SerialQueue();
  readonly #onEnd: (error: unknown) => void;
  readonly #afterEach: () => void;
  #ended = false;

  /**
   * `onEnd` is called once, for the first failure; not after end(). `afterEach` after every event,
   * until the end.
   */
  constructor(onEnd: (error: unknown) => void, afterEach: () => void = () => undefined) {
    this.#onEnd = onEnd;
    this.#afterEach = afterEach;
  }

  run(event: () => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#ended) return;
      try {
        await event();
        this.#done();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /**
   * Of a request: its KafkaErrors are answers. Rejects with NOT_CONTROLLER where the term is over
   * before the event is, whose outcome is then unknown.
   */
  ask<T>(event: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      if (this.#ended) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      try {
        const answer = await event();
        this.#done();
        return answer;
      } catch (error) {
        if (error instanceof KafkaError) throw error;
        this.fail(error);
        throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      }
    });
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(error);
  }

  end(): void {
    this.#ended = true;
  }

  #done(): void {
    if (!this.#ended) this.#afterEach();
  }
}
