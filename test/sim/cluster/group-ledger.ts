/**
 * What is known of one consumer group: who owned what in each generation, which positions were sent,
 * and which were acknowledged. A position that was acknowledged is never lost, and nothing is found
 * that nobody sent. Throws an AssertionError as soon as two of these facts do not go together.
 */

import assert from 'node:assert/strict';

const NOTHING = -1;

export class GroupLedger {
  readonly groupId: string;
  /** By generation and partition. */
  readonly #owners = new Map<string, string>();
  /** The highest of each partition. */
  readonly #sent = new Map<number, number>();
  readonly #acknowledged = new Map<number, number>();
  #commitCount = 0;

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  get commitCount(): number {
    return this.#commitCount;
  }

  /** -1: none. */
  acknowledged(partition: number): number {
    return this.#acknowledged.get(partition) ?? NOTHING;
  }

  own(partition: number, generation: number, member: string): void {
    const key = `${String(partition)} in generation ${String(generation)} of ${this.groupId}`;
    const before = this.#owners.get(key) ?? member;
    assert.equal(member, before, `partition ${key} has two owners`);
    this.#owners.set(key, member);
  }

  send(partition: number, position: number): void {
    this.#sent.set(partition, Math.max(position, this.#sent.get(partition) ?? NOTHING));
  }

  acknowledge(partition: number, position: number): void {
    this.#commitCount += 1;
    this.#acknowledged.set(partition, Math.max(position, this.acknowledged(partition)));
  }

  /** As the coordinator says, which `atLeast` was acknowledged to before it was asked. */
  check(partition: number, position: number, atLeast: number): void {
    const what = `${this.groupId} is at ${String(position)} of partition ${String(partition)}`;
    assert(position >= atLeast, `${what}, and ${String(atLeast)} was acknowledged before`);
    const sent = this.#sent.get(partition) ?? NOTHING;
    assert(position <= sent, `${what}, and never went further than ${String(sent)}`);
  }
}
