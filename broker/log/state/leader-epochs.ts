/**
 * The leader epochs of a partition and where each one starts (KIP-101, KIP-279). Kept in
 * `leader-epoch-checkpoint`; owner: the partition's log.
 *
 * Invariant: epochs rise strictly, start offsets do not fall. Changes are at once in memory and
 * written one after the other in the background; `settle` waits for that.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import { SerialQueue } from '../../platform/serial-queue.ts';
import type { EpochStart } from '../checkpoint/epoch-checkpoint.ts';
import {
  decodeEpochs,
  encodeEpochs,
  EPOCH_CHECKPOINT_FILE,
} from '../checkpoint/epoch-checkpoint.ts';
import { replaceFile } from '../files/atomic-file.ts';

export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: number;
}

export class LeaderEpochs {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #writes = new SerialQueue();
  #entries: readonly EpochStart[];
  #isHeld = false;
  /** What the file holds; null: it is damaged. */
  #saved: readonly EpochStart[] | null;

  private constructor(
    fileSystem: FileSystem,
    folder: string,
    entries: readonly EpochStart[] | null,
  ) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#entries = entries ?? [];
    this.#saved = entries;
  }

  /** A missing file has no entries. Null entries of a damaged one are for recovery to find again. */
  static async load(
    fileSystem: FileSystem,
    folder: string,
  ): Promise<{ readonly epochs: LeaderEpochs; readonly isDamaged: boolean }> {
    const path = `${folder}/${EPOCH_CHECKPOINT_FILE}`;
    if ((await fileSystem.stat(path)) === null) {
      return { epochs: new LeaderEpochs(fileSystem, folder, []), isDamaged: false };
    }
    const entries = decodeEpochs(await fileSystem.readFile(path));
    const epochs = new LeaderEpochs(fileSystem, folder, entries);
    return { epochs, isDamaged: entries === null };
  }

  get entries(): readonly EpochStart[] {
    return this.#entries;
  }

  /** -1 if none is known. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  /**
   * From `startOffset` on the epoch is `epoch`. Nothing happens for an epoch that is not newer; newer
   * entries that start at the same offset or later had no records, and go.
   */
  assign(epoch: number, startOffset: number): void {
    if (epoch > this.latestEpoch) this.#change(this.#with(epoch, startOffset));
  }

  /**
   * The same for an epoch without records, which is written when it gets some: of thousands of
   * partitions that get a new leader together none has to wait for files. After a crash recovery finds
   * it in its records; without any, nobody can ask for it.
   */
  announce(epoch: number, startOffset: number): void {
    if (epoch > this.latestEpoch) this.#entries = this.#with(epoch, startOffset);
  }

  /** -1 if the offset lies before the first known epoch. */
  epochOf(offset: number): number {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? -1;
  }

  /**
   * The largest known epoch up to `epoch`, and where it ends; `logEndOffset` for the latest. Null if
   * no epoch is known, or only later ones and `epoch` is not one of the past.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEnd | null {
    if (epoch < 0 || epoch > this.latestEpoch) return null;
    if (epoch === this.latestEpoch) return { epoch, endOffset: logEndOffset };
    const next = this.#entries.find((entry) => entry.epoch > epoch);
    if (next === undefined) return null;
    const floor = this.#entries.findLast((entry) => entry.epoch <= epoch);
    return { epoch: floor?.epoch ?? epoch, endOffset: next.startOffset };
  }

  /** The log now ends at `endOffset`. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length !== this.#entries.length) this.#change(kept);
  }

  /** The log now starts at `startOffset`: the epoch of that offset starts there. */
  truncateFromStart(startOffset: number): void {
    const first = this.#entries.findLastIndex((entry) => entry.startOffset <= startOffset);
    const current = this.#entries[first];
    if (current === undefined || current.startOffset === startOffset) return;
    this.#change([{ epoch: current.epoch, startOffset }, ...this.#entries.slice(first + 1)]);
  }

  /**
   * The log was found to have these offsets. In memory: the file may go on naming epochs without
   * records until its next change, as every start takes them away again.
   */
  fit(startOffset: number, endOffset: number): void {
    const wasHeld = this.#isHeld;
    this.#isHeld = true;
    this.truncateFromEnd(endOffset);
    this.truncateFromStart(startOffset);
    this.#isHeld = wasHeld;
  }

  clear(): void {
    if (this.#entries.length > 0) this.#change([]);
  }

  /** Changes stay in memory until `settle`: recovery takes entries away only to find them again. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Resolves when the file holds the current entries; rejects with the file system's error. */
  async settle(): Promise<void> {
    this.#isHeld = false;
    await this.#writes.run(() => this.#save());
  }

  /** Resolves when no write is under way; what one failed with shows when a flush settles. */
  idle(): Promise<void> {
    return this.#writes.idle();
  }

  #with(epoch: number, startOffset: number): readonly EpochStart[] {
    const kept = this.#entries.filter((entry) => entry.startOffset < startOffset);
    return [...kept, { epoch, startOffset }];
  }

  #change(entries: readonly EpochStart[]): void {
    this.#entries = entries;
    if (this.#isHeld) return;
    // A failure shows again, and is answered for, when a flush settles.
    this.#writes.run(() => this.#save()).catch(() => undefined);
  }

  async #save(): Promise<void> {
    const entries = this.#entries;
    if (this.#saved !== null && areSame(entries, this.#saved)) return;
    const file = { folder: this.#folder, name: EPOCH_CHECKPOINT_FILE };
    await replaceFile(this.#fileSystem, file, encodeEpochs(entries));
    this.#saved = entries;
  }
}

function areSame(some: readonly EpochStart[], others: readonly EpochStart[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ epoch, startOffset }, index) => {
      const other = others[index];
      return other?.epoch === epoch && other.startOffset === startOffset;
    })
  );
}
