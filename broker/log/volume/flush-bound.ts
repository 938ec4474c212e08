/**
 * Bounds what recovery has to read after a crash: once more than so many bytes of a log.dir are not
 * known to be on the disk, they are flushed, the logs with most of them first and one at a time, so
 * that producers feel little of it; and once the recovery points stand far from those in the
 * checkpoint, it is written. Owner: the upkeep of the log.dir.
 *
 * The bound: one thread verifies 2.7 GB/s of 16 KiB batches and 0.95 GB/s of batches of a single
 * record of 1 KB when they are in the page cache (measured), and what the disk reads where they are
 * not. So much is verified in a third of a second, or in 3 seconds from a disk of 100 MB/s. It is
 * also more than a log of 10 MB/s takes in the time after which Linux writes by itself (30 s).
 */

import type { Logger } from '../../platform/logger.ts';

const UNSYNCED_BYTES_MAX = 320 << 20;
/** Down to which it flushes then. */
const UNSYNCED_BYTES_KEPT = 96 << 20;
/** Flushed since the last checkpoint. */
const UNSAVED_BYTES_MAX = 128 << 20;

/** Of a log. */
export interface Flushable {
  readonly folder: string;
  /** Written, and not known to be on the disk. */
  readonly unsyncedBytes: number;
  /** Known to be on the disk, of what was written since the start; never falls. */
  readonly syncedBytes: number;
  flushForRecovery(): Promise<void>;
}

interface FlushBoundOptions {
  readonly logs: () => Iterable<Flushable>;
  /** Writes the recovery points. */
  readonly saveOffsets: () => Promise<void>;
  readonly logger: Logger;
}

export class FlushBound {
  readonly #options: FlushBoundOptions;
  readonly #savedBytes = new WeakMap<Flushable, number>();

  constructor(options: FlushBoundOptions) {
    this.#options = options;
  }

  /** Looks once. To be called every second, and not while it runs. */
  async check(): Promise<void> {
    let unsynced = 0;
    let unsaved = 0;
    for (const log of this.#options.logs()) {
      unsynced += log.unsyncedBytes;
      unsaved += log.syncedBytes - (this.#savedBytes.get(log) ?? 0);
    }
    if (unsynced > UNSYNCED_BYTES_MAX) unsaved += await this.#flush(unsynced - UNSYNCED_BYTES_KEPT);
    if (unsaved > UNSAVED_BYTES_MAX) await this.#save();
  }

  /** Returns how much it flushed, of the `bytes` that it should. */
  async #flush(bytes: number): Promise<number> {
    const logs = [...this.#options.logs()].map((log) => ({ log, size: log.unsyncedBytes }));
    logs.sort((one, other) => other.size - one.size);
    let flushed = 0;
    for (const { log, size } of logs) {
      if (flushed >= bytes || size === 0) break;
      try {
        await log.flushForRecovery();
        flushed += size;
      } catch (error) {
        // Another one may have another disk's luck; this one has its next turn.
        const { folder } = log;
        this.#options.logger.error({ folder, err: error }, 'a log cannot be flushed');
      }
    }
    return flushed;
  }

  /** What is flushed meanwhile may be in the checkpoint or not: it counts for the next one. */
  async #save(): Promise<void> {
    const before = [...this.#options.logs()].map((log) => [log, log.syncedBytes] as const);
    await this.#options.saveOffsets();
    for (const [log, bytes] of before) this.#savedBytes.set(log, bytes);
  }
}
