/**
 * The content of one file of the memory file system: what programs see, and what would be left
 * after a loss of power. Sparse pages, shared between the two until one is written to.
 */

import type { Random } from '../../../broker/platform/random.ts';

/** A sector: what a disk writes as a whole or not at all. */
const PAGE_SIZE = 512;

interface Content {
  size: number;
  pages: Map<number, Buffer>;
}

export class MemoryFile {
  modifiedMs = 0;
  #current: Content = { size: 0, pages: new Map() };
  #durable: Content = { size: 0, pages: new Map() };

  get size(): number {
    return this.#current.size;
  }

  read(target: Buffer, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.size - position));
    for (let done = 0; done < count;) {
      const place = position + done;
      const start = place % PAGE_SIZE;
      const step = Math.min(PAGE_SIZE - start, count - done);
      const page = this.#current.pages.get(Math.floor(place / PAGE_SIZE));
      if (page === undefined) target.fill(0, done, done + step);
      else page.copy(target, done, start, start + step);
      done += step;
    }
    return count;
  }

  write(source: Buffer, position: number): void {
    for (let done = 0; done < source.length;) {
      const place = position + done;
      const start = place % PAGE_SIZE;
      const step = Math.min(PAGE_SIZE - start, source.length - done);
      source.copy(this.#ownPage(Math.floor(place / PAGE_SIZE)), start, done, done + step);
      done += step;
    }
    this.#current.size = Math.max(this.#current.size, position + source.length);
  }

  truncate(size: number): void {
    const pages = this.#current.pages;
    if (size < this.size) {
      const kept = Math.ceil(size / PAGE_SIZE);
      for (const index of pages.keys()) if (index >= kept) pages.delete(index);
      if (pages.has(kept - 1) && size % PAGE_SIZE > 0)
        this.#ownPage(kept - 1).fill(0, size % PAGE_SIZE);
    }
    this.#current.size = size;
  }

  sync(): void {
    this.#durable = copyOf(this.#current);
  }

  /** Loses what was not synced; with `luck`, the pages and the size that luck says. */
  crash(luck: Random | null): void {
    if (luck !== null) this.#durable = this.#luckyContent(luck);
    this.#current = copyOf(this.#durable);
  }

  /** Sectors reach the disk in any order, and the size with none, some or all of them. */
  #luckyContent(luck: Random): Content {
    const survivor: Content = copyOf(this.#durable);
    survivor.size = this.#luckySize(luck);
    const indexes = new Set([...this.#durable.pages.keys(), ...this.#current.pages.keys()]);
    for (const index of [...indexes].sort((left, right) => left - right)) {
      const page = this.#current.pages.get(index);
      if (page === this.#durable.pages.get(index) || luck.integer(2) === 0) continue;
      if (page === undefined) survivor.pages.delete(index);
      else survivor.pages.set(index, page);
    }
    clip(survivor);
    return survivor;
  }

  /** What it was at the last sync, what it is now, or any size on the way. */
  #luckySize(luck: Random): number {
    const [before, now] = [this.#durable.size, this.#current.size];
    if (before === now) return now;
    const fate = luck.integer(3);
    if (fate < 2) return fate === 0 ? before : now;
    return Math.min(before, now) + luck.integer(Math.abs(now - before) + 1);
  }

  /** The page to write to: made if missing, copied if it is what the disk holds. */
  #ownPage(index: number): Buffer {
    const page = this.#current.pages.get(index);
    if (page !== undefined && page !== this.#durable.pages.get(index)) return page;
    const own = page === undefined ? Buffer.alloc(PAGE_SIZE) : Buffer.from(page);
    this.#current.pages.set(index, own);
    return own;
  }
}

function copyOf(content: Content): Content {
  return { size: content.size, pages: new Map(content.pages) };
}

/** Nothing lies behind the end of a file: what it grows by later reads as zeros. */
function clip(content: Content): void {
  for (const [index, page] of content.pages) {
    const rest = content.size - index * PAGE_SIZE;
    if (rest <= 0) content.pages.delete(index);
    else if (rest < PAGE_SIZE) content.pages.set(index, Buffer.from(page).fill(0, rest));
  }
}
