/**
 * Cuts a log back to what was written, after a write that failed: the file may hold a part of a batch
 * behind that. Until it is done no append is taken. Where a full disk is in the way it is tried again
 * until there is room; any other failure is final until the next start, which recovers the log.
 */

import type { LogState } from '../log-state.ts';
import { truncateLog } from '../log-truncation.ts';
import { diskTroubleOf } from './disk-trouble.ts';

const RETRY_MS = 1000;

export class LogRepair {
  readonly #state: LogState;
  /** Runs a task while nothing is appended. */
  readonly #exclusively: (task: () => Promise<void>) => Promise<void>;

  constructor(state: LogState, exclusively: (task: () => Promise<void>) => Promise<void>) {
    this.#state = state;
    this.#exclusively = exclusively;
  }

  /** After a failed write. */
  begin(error: unknown): void {
    const { folder, environment } = this.#state;
    environment.logger.error({ folder, err: error }, 'appends failed');
    this.#state.mustRepair = true;
    void this.#try();
  }

  /** Nothing happens if nothing failed. Rejects with what is in the way; may be called again. */
  async run(): Promise<void> {
    const state = this.#state;
    if (state.isAbandoned || !state.mustRepair) return;
    await truncateLog(state, state.writtenEndOffset);
    state.mustRepair = false;
  }

  async #try(): Promise<void> {
    const { folder, environment } = this.#state;
    try {
      await this.#exclusively(() => this.run());
    } catch (error) {
      if (this.#state.isClosed) return;
      if (diskTroubleOf(error) === 'full') {
        environment.timers.after(RETRY_MS, () => void this.#try());
        return;
      }
      this.#state.isBroken = true;
      environment.logger.error(
        { folder, err: error },
        'the log cannot be cut back to what was written',
      );
    }
  }
}
