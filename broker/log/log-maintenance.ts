/**
 * What takes time on a log and runs one after the other: flushes, retention, what changes its end, and
 * closing. What changes the end refuses appends and compaction meanwhile. Owner: the partition's log.
 */

import type { LogCompaction } from './compaction/log-compaction.ts';
import type { LogRepair } from './disk/log-repair.ts';
import type { GroupWriter } from './group-writer.ts';
import { flushForRecovery, flushLog, saveForStop } from './log-durability.ts';
import type { LogState } from './log-state.ts';

export class LogMaintenance {
  readonly #state: LogState;
  readonly #writer: GroupWriter;
  readonly #compaction: LogCompaction;

  constructor(state: LogState, writer: GroupWriter, compaction: LogCompaction) {
    this.#state = state;
    this.#writer = writer;
    this.#compaction = compaction;
  }

  /** Runs the task in its turn; in a log that is closed by then the result is `otherwise`. */
  unlessClosed<T>(task: () => Promise<T>, otherwise: T): Promise<T> {
    const { maintenance } = this.#state;
    return maintenance.run(() => (this.#state.isClosed ? otherwise : task()));
  }

  /** Runs the task while nothing is appended, and nothing is being written. */
  async exclusively(task: () => Promise<void>): Promise<void> {
    this.#state.exclusiveCount += 1;
    this.#compaction.abort();
    try {
      await this.#state.maintenance.run(async () => {
        await this.#writer.settled();
        await task();
      });
    } finally {
      this.#state.exclusiveCount -= 1;
    }
  }

  flush(): Promise<void> {
    const state = this.#state;
    return this.unlessClosed(() => flushLog(state, state.writtenEndOffset), undefined);
  }

  flushForRecovery(): Promise<void> {
    return this.unlessClosed(() => flushForRecovery(this.#state, this.#writer.written), undefined);
  }

  /** The last that is done to a log that was closed. `repair`: of a write that failed before. */
  saveForStop(repair: LogRepair): Promise<void> {
    return this.#state.maintenance.run(async () => {
      await this.#writer.settled();
      try {
        await repair.run();
        await saveForStop(this.#state);
      } finally {
        const { segments, environment } = this.#state;
        for (const { file } of segments.all) environment.descriptors.forget(file.path);
      }
    });
  }

  /** The same where nothing is worth saving. */
  async end(): Promise<void> {
    const { maintenance, environment, folder } = this.#state;
    await maintenance.run(() => this.#writer.settled());
    environment.descriptors.forgetFolder(folder);
  }
}
