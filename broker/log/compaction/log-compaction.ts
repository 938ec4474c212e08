/**
 * Compaction of one log: the work is done in a worker thread on the sealed segments, which nobody
 * changes; each result is put in its place in the log's maintenance queue. Owner: the log.
 *
 * What goes on meanwhile: appends, reads, retention. Where retention has taken a segment, the result
 * is dropped. Truncating, closing and deleting the log abort the compaction, which leaves nothing
 * behind. At most one runs at a time.
 */

import assert from 'node:assert/strict';
import { FileSuffix } from '../files/file-names.ts';
import type { LogState } from '../log-state.ts';
import type { Segment } from '../segment/segment.ts';
import { findAborted } from '../transactions/aborted-transactions.ts';
import { cleanLogJob } from './clean-log-job.ts';
import type { CleanerLimits, CleaningInput, CleaningOutput } from './cleaning-input.ts';
import type { CompactionMoment, LogDirt } from './measure-dirt.ts';
import { measureDirt } from './measure-dirt.ts';
import { HASH_SECRET_SIZE } from './rewriting/key-hash.ts';
import { swapSegments } from './swap-segments.ts';

/** The log has changed under a compaction, which is no failure of either. */
export class CompactionAborted extends Error {
  override readonly name = 'CompactionAborted';
}

export class LogCompaction {
  readonly #state: LogState;
  #running: { readonly controller: AbortController; readonly settled: Promise<unknown> } | null =
    null;

  constructor(state: LogState) {
    this.#state = state;
  }

  /** Everything before it is compacted; null: nothing ever was. As the checkpoint has it. */
  get cleanedOffset(): number | null {
    return this.#state.cleanedOffset;
  }

  set cleanedOffset(offset: number | null) {
    this.#state.cleanedOffset = offset;
  }

  /** Null: nothing waits, or nothing can be done now. */
  measure(moment: CompactionMoment): Promise<LogDirt | null> {
    return this.#isReady ? measureDirt(this.#state, moment) : Promise.resolve(null);
  }

  /**
   * Compacts what `dirt` names. Rejects with CompactionAborted, or with what makes it impossible:
   * KafkaError CORRUPT_MESSAGE, the file system's errors.
   */
  async clean(
    dirt: LogDirt,
    options: { readonly nowMs: number; readonly limits: CleanerLimits },
  ): Promise<CleaningOutput> {
    if (!this.#isReady) throw new CompactionAborted('the log is not in use');
    assert(this.#running === null, 'a log is compacted once at a time');
    const controller = new AbortController();
    const work = this.#clean(dirt, options, controller);
    this.#running = { controller, settled: work.catch(() => undefined) };
    try {
      return await work;
    } finally {
      this.#running = null;
    }
  }

  /** What runs ends without changing anything more. */
  abort(): void {
    this.#running?.controller.abort(new CompactionAborted('the log is cut, closed or deleted'));
  }

  /** Aborts what runs, and resolves when it has cleared up. */
  async stop(): Promise<void> {
    this.abort();
    await this.#running?.settled;
  }

  get #isReady(): boolean {
    const { isClosed, isBroken, exclusiveCount } = this.#state;
    return !isClosed && !isBroken && exclusiveCount === 0;
  }

  async #clean(
    dirt: LogDirt,
    options: { readonly nowMs: number; readonly limits: CleanerLimits },
    controller: AbortController,
  ): Promise<CleaningOutput> {
    const { signal } = controller;
    const sources = this.#state.segments.all.filter(
      ({ baseOffset }) => baseOffset < dirt.firstUncleanableOffset,
    );
    const swaps = new Swaps(this.#state, sources, controller);
    try {
      const input = await this.#inputFor(dirt, sources, options);
      const { workers } = this.#state.environment;
      const output = await workers.run(cleanLogJob, input, {
        signal,
        onProgress: (doneCount) => swaps.add(doneCount),
      });
      await swaps.settled();
      signal.throwIfAborted();
      this.#state.cleanedOffset = output.endOffset;
      return output;
    } catch (error) {
      controller.abort(error);
      // What a worker thread meets goes past the disk.
      this.#state.disk?.noteInBackground(error);
      await swaps.settled();
      await this.#removeCleaned();
      throw this.#isStillThere(sources) ? reasonOf(signal) : new CompactionAborted('segments went');
    }
  }

  async #inputFor(
    { firstDirtyOffset, firstUncleanableOffset }: LogDirt,
    sources: readonly Segment[],
    { nowMs, limits }: { readonly nowMs: number; readonly limits: CleanerLimits },
  ): Promise<CleaningInput> {
    const { folder, config, environment, producers, segments } = this.#state;
    const range = { from: segments.first.baseOffset, upperBound: firstUncleanableOffset };
    return {
      folder,
      segments: sources.map(({ baseOffset, file, size, modifiedMs }) => {
        const { path, indexFiles } = file;
        const { offsetIndexPath, timeIndexPath } = indexFiles;
        return { baseOffset, path, offsetIndexPath, timeIndexPath, size, modifiedMs };
      }),
      firstDirtyOffset,
      firstUncleanableOffset,
      abortedTransactions: await findAborted(this.#state, range),
      producers: producers.ends(),
      nowMs,
      deleteRetentionMs: config.deleteRetentionMs,
      segmentBytes: config.segmentBytes,
      segmentIndexBytes: config.segmentIndexBytes,
      indexIntervalBytes: config.indexIntervalBytes,
      hashSecret: environment.random.bytes(HASH_SECRET_SIZE),
      limits,
    };
  }

  #isStillThere(sources: readonly Segment[]): boolean {
    // Those that were replaced on the way have a successor; what retention takes has none.
    const start = this.#state.segments.first.baseOffset;
    return sources.every(({ baseOffset }) => baseOffset >= start);
  }

  /** The thread may have been ended before it could clear up. */
  async #removeCleaned(): Promise<void> {
    const { isBroken, folder, environment } = this.#state;
    if (isBroken) return;
    const { fileSystem, logger } = environment;
    try {
      for (const name of await fileSystem.list(folder)) {
        if (name.endsWith(FileSuffix.cleaned)) await fileSystem.remove(`${folder}/${name}`);
      }
    } catch (error) {
      logger.warn({ folder, err: error }, 'files of a compaction stay behind');
    }
  }
}

/** Puts results in their places, one after the other, while the thread goes on. */
class Swaps {
  readonly #state: LogState;
  readonly #sources: readonly Segment[];
  readonly #controller: AbortController;
  #doneCount = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(state: LogState, sources: readonly Segment[], controller: AbortController) {
    this.#state = state;
    this.#sources = sources;
    this.#controller = controller;
  }

  /** So many of the sources are written anew. */
  add(doneCount: number): void {
    const old = this.#sources.slice(this.#doneCount, doneCount);
    this.#doneCount = doneCount;
    const swap = this.#state.maintenance.run(() => this.#swap(old));
    this.#last = swap.catch((error: unknown) => this.#controller.abort(error));
  }

  async settled(): Promise<void> {
    await this.#last;
  }

  async #swap(old: readonly Segment[]): Promise<void> {
    const { segments, isClosed } = this.#state;
    this.#controller.signal.throwIfAborted();
    if (isClosed || !segments.holds(old)) throw new CompactionAborted('the log has changed');
    await swapSegments(this.#state, old);
  }
}

function reasonOf({ reason }: AbortSignal): unknown {
  return reason;
}
