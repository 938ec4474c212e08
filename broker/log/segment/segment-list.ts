/** The segments of a log in the order of their offsets. Never empty once loaded; the last is active. */

import assert from 'node:assert/strict';
import type { Segment } from './segment.ts';

export class SegmentList {
  #segments: Segment[] = [];
  /** Grows with everything that is put in or taken out. */
  changeCount = 0;

  get count(): number {
    return this.#segments.length;
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get first(): Segment {
    const segment = this.#segments[0];
    assert(segment !== undefined, 'a log has at least one segment');
    return segment;
  }

  get active(): Segment {
    const segment = this.#segments.at(-1);
    assert(segment !== undefined, 'a log has at least one segment');
    return segment;
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  push(segment: Segment): void {
    const last = this.#segments.at(-1);
    assert(last === undefined || segment.baseOffset > last.baseOffset);
    this.changeCount += 1;
    this.#segments.push(segment);
  }

  /** Array place of the segment in which `offset` would lie; -1 before the first. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle]?.baseOffset ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  at(index: number): Segment | undefined {
    return this.#segments[index];
  }

  /** The segments from the one that holds `offset` on; all if it lies before the first. */
  from(offset: number): readonly Segment[] {
    return this.#segments.slice(Math.max(0, this.indexOf(offset)));
  }

  /** Whether these are in it, next to each other in this order. */
  holds(segments: readonly Segment[]): boolean {
    const [first] = segments;
    const start = first === undefined ? -1 : this.#segments.indexOf(first);
    return start >= 0 && segments.every((segment, at) => this.#segments[start + at] === segment);
  }

  /** Puts one segment in the place of neighbours, with the base offset of the first of them. */
  replace(old: readonly Segment[], by: Segment): void {
    assert(this.holds(old) && old[0]?.baseOffset === by.baseOffset && old.at(-1) !== this.active);
    this.changeCount += 1;
    this.#segments.splice(this.indexOf(by.baseOffset), old.length, by);
  }

  /** Takes out the first `count` segments. */
  removeFirst(count: number): readonly Segment[] {
    this.changeCount += 1;
    return this.#segments.splice(0, count);
  }

  /** Takes out the segments that start behind `offset`. */
  removeBehind(offset: number): readonly Segment[] {
    this.changeCount += 1;
    return this.#segments.splice(this.indexOf(offset) + 1);
  }
}
