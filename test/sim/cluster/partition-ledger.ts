/**
 * What is known of one partition: which values were sent, what was acknowledged, what consumers saw.
 * Every value is sent once and is like no other; its name says by whom, and as the how manieth. Throws
 * an AssertionError as soon as two of these facts do not go together.
 */

import assert from 'node:assert/strict';

export interface SentBy {
  readonly producer: string;
  readonly isIdempotent: boolean;
}

interface Sent extends SentBy {
  readonly number: number;
}

export class PartitionLedger {
  readonly name: string;
  readonly #sent = new Map<string, Sent>();
  /** By offset: acknowledged, or seen by a consumer, which may be shown what is committed only. */
  readonly #committed = new Map<number, string>();
  /** Where each value is, as far as that is known. */
  readonly #places = new Map<string, number>();
  /** Acknowledged as a duplicate: it is somewhere. */
  readonly #somewhere = new Set<string>();
  /** Refused for good: it shows nowhere, ever. */
  readonly #refused = new Set<string>();
  #acknowledgedCount = 0;
  /** Behind the last that was acknowledged. */
  #acknowledgedEnd = 0;

  constructor(name: string) {
    this.name = name;
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  get acknowledgedEnd(): number {
    return this.#acknowledgedEnd;
  }

  send(value: string, number: number, by: SentBy): void {
    this.#sent.set(value, { ...by, number });
  }

  /** Null: it was said to be a duplicate of a batch of which the broker knows no offset any more. */
  acknowledge(values: readonly string[], baseOffset: number | null): void {
    this.#acknowledgedCount += values.length;
    values.forEach((value, index) => {
      if (baseOffset === null) this.#somewhere.add(value);
      else this.learn(baseOffset + index, value);
    });
    if (baseOffset === null) return;
    this.#acknowledgedEnd = Math.max(this.#acknowledgedEnd, baseOffset + values.length);
  }

  /** By a code that says that nothing was appended, and never sent again. */
  refuse(values: readonly string[]): void {
    for (const value of values) {
      assert(!this.#places.has(value), `${this.name}: ${value} was refused, and is there`);
      this.#refused.add(value);
    }
  }

  /** The record is committed: whoever reads there reads it, forever. */
  learn(offset: number, value: string): void {
    const before = this.#committed.get(offset);
    const what = `${this.name} offset ${String(offset)}`;
    assert(
      before === undefined || before === value,
      `${what} has two values: ${String(before)}, then ${value}`,
    );
    const sent = this.#sent.get(value);
    assert(sent !== undefined, `${what} has a value that nobody sent: ${value}`);
    assert(!this.#refused.has(value), `${what} has what was refused: ${value}`);
    this.#committed.set(offset, value);
    const place = this.#places.get(value);
    if (sent.isIdempotent) {
      assert(
        place === undefined || place === offset,
        `${what}: ${value} is at ${String(place)} too, although its producer is idempotent`,
      );
    }
    this.#places.set(value, offset);
  }

  /** The whole log as a consumer reads it after all is healed. */
  checkAll(values: readonly string[]): void {
    values.forEach((value, offset) => this.learn(offset, value));
    for (const [offset, value] of this.#committed) {
      assert(
        offset < values.length,
        `${this.name} offset ${String(offset)} is lost: ${value}, of ${String(values.length)} records`,
      );
    }
    for (const value of this.#somewhere) {
      assert(this.#places.has(value), `${this.name}: ${value} was acknowledged, and is nowhere`);
    }
    this.#checkOrder(values);
  }

  #checkOrder(values: readonly string[]): void {
    const last = new Map<string, Sent>();
    for (const value of values) {
      const sent = this.#sent.get(value);
      if (sent?.isIdempotent !== true) continue;
      const before = last.get(sent.producer);
      assert(
        before === undefined || before.number < sent.number,
        `${this.name}: ${value} stands behind a later one of the same producer`,
      );
      last.set(sent.producer, sent);
    }
  }
}
