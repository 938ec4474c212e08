/**
 * Writes what is appended to a log: all appends of one turn of the event loop together, one write
 * per segment; while a write is in the thread pool, later appends wait together for the next one.
 *
 * Invariants: groups are written in the order of their appends, one at a time; a group's promise
 * settles after all its bytes are in the file, or after any of them failed; after a failure every
 * group that waits fails too, as their offsets lie behind the hole.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Descriptor } from './files/descriptor-cache.ts';
import type { Segment } from './segment/segment.ts';

interface GroupWriterOwner {
  /** Everything below `endOffset` is in the file. A promise holds the acknowledgement back. */
  onGroupWritten(endOffset: number): Promise<void> | undefined;
  /** The file may hold a part of a batch behind what was written before. */
  onWriteFailed(error: unknown): void;
}

interface WriterInput {
  readonly segment: Segment;
  /** Where the segment ends before this. */
  readonly position: number;
  readonly buffer: Buffer;
  /** The offset after the last batch. */
  readonly endOffset: number;
}

/** Consecutive buffers for one segment. */
interface Run {
  readonly segment: Segment;
  readonly position: number;
  readonly buffers: Buffer[];
  size: number;
}

class Group {
  readonly runs: Run[] = [];
  readonly written: Promise<void>;
  endOffset = 0;
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Producers that want no acknowledgement do not look at it.
    this.written.catch(() => undefined);
  }
}

const DONE = Promise.resolve();

export class GroupWriter {
  readonly #owner: GroupWriterOwner;
  /** Being written; null when nothing is. */
  #writing: Group | null = null;
  /** Gathering appends; null when nothing waits. */
  #waiting: Group | null = null;

  constructor(owner: GroupWriterOwner) {
    this.#owner = owner;
  }

  /** Settles when everything added so far is written, or has failed. */
  get written(): Promise<void> {
    return (this.#waiting ?? this.#writing)?.written ?? DONE;
  }

  /** Like `written`, but never rejects. */
  async settled(): Promise<void> {
    while (this.#waiting !== null || this.#writing !== null) {
      await this.written.catch(() => undefined);
    }
  }

  add({ segment, position, buffer, endOffset }: WriterInput): Promise<void> {
    let group = this.#waiting;
    if (group === null) {
      group = new Group();
      this.#waiting = group;
      if (this.#writing === null) queueMicrotask(() => this.#writeNext());
    }
    const last = group.runs.at(-1);
    if (last !== undefined && last.segment === segment) {
      last.buffers.push(buffer);
      last.size += buffer.length;
    } else {
      group.runs.push({ segment, position, buffers: [buffer], size: buffer.length });
    }
    group.endOffset = endOffset;
    return group.written;
  }

  #writeNext(): void {
    while (this.#writing === null && this.#waiting !== null) {
      const group = this.#waiting;
      this.#waiting = null;
      this.#writing = group;
      if (!this.#writeInline(group)) return;
    }
  }

  /** True if the group is done, false if it goes on in the background. */
  #writeInline(group: Group): boolean {
    for (const [index, run] of group.runs.entries()) {
      const { file, extent } = run.segment;
      const descriptor = extent.mustPrepare ? null : file.tryAcquire('write');
      if (descriptor === null) {
        void this.#writeSlowly(group, index);
        return false;
      }
      let pending: Promise<void> | undefined;
      try {
        pending = descriptor.handle.write(run.buffers, run.position);
      } catch (error) {
        descriptor.release();
        this.#fail(group, error);
        return true;
      }
      if (pending !== undefined) {
        void this.#awaitRun(group, index, pending, descriptor);
        return false;
      }
      descriptor.release();
      run.segment.noteWritten(run.position + run.size);
    }
    return this.#finish(group);
  }

  async #awaitRun(
    group: Group,
    index: number,
    pending: Promise<void>,
    descriptor: Descriptor,
  ): Promise<void> {
    try {
      await pending;
    } catch (error) {
      this.#fail(group, error);
      return;
    } finally {
      descriptor.release();
    }
    const run = group.runs[index];
    run?.segment.noteWritten(run.position + run.size);
    await this.#writeSlowly(group, index + 1);
  }

  async #writeSlowly(group: Group, from: number): Promise<void> {
    try {
      for (const run of group.runs.slice(from)) {
        if (run.segment.extent.mustPrepare) await run.segment.extent.prepare();
        await run.segment.file.use('write', async ({ handle }) => {
          await handle.write(run.buffers, run.position);
        });
        run.segment.noteWritten(run.position + run.size);
      }
    } catch (error) {
      this.#fail(group, error);
      return;
    }
    if (this.#finish(group)) this.#writeNext();
  }

  /** False if the owner holds the acknowledgement back. */
  #finish(group: Group): boolean {
    const held = this.#owner.onGroupWritten(group.endOffset);
    if (held === undefined) {
      this.#writing = null;
      group.resolve();
      return true;
    }
    held.then(
      () => {
        this.#writing = null;
        group.resolve();
        this.#writeNext();
      },
      (error: unknown) => this.#fail(group, error),
    );
    return false;
  }

  #fail(group: Group, error: unknown): void {
    const waiting = this.#waiting;
    this.#writing = null;
    this.#waiting = null;
    this.#owner.onWriteFailed(error);
    const failure = new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, 'the log cannot be written', {
      cause: error,
    });
    group.reject(failure);
    waiting?.reject(failure);
  }
}
