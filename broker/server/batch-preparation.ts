/**
 * What batches need before they can be appended, beside the event loop: those of compacted topics are
 * looked into, those of topics with a `compression.type` get its codec. Owner: the Produce handler.
 *
 * Invariant: only so many batches are worked on at a time, as each may take much more memory than its
 * request; the others wait in the order in which they came.
 */

import type { AppendBatches } from '../log/partition-log.ts';
import { TaskLimit } from '../platform/task-limit.ts';
import type { Timers } from '../platform/timers.ts';
import { readBatchHeader } from '../records/batch-header.ts';
import { needsInspection, prepareBatch, recompressionOf } from '../records/recompress.ts';
import type { ProduceLimits } from '../records/produce-limits.ts';

/** As many as the thread pool has threads. */
const COUNT_MAX = 4;

export class BatchPreparation {
  readonly #limit = new TaskLimit(COUNT_MAX);
  readonly #timers: Pick<Timers, 'soon'>;

  constructor(timers: Pick<Timers, 'soon'>) {
    this.#timers = timers;
  }

  /** Null: nothing has to be done. Rejects with KafkaError, as `prepareBatch` does. */
  begin({ buffer, headers }: AppendBatches, limits: ProduceLimits): Promise<AppendBatches> | null {
    const [header] = headers;
    if (header === undefined) return null;
    if (recompressionOf(header, limits) === null && !needsInspection(header, limits)) return null;
    return this.#limit.run(async () => {
      const prepared = await prepareBatch(buffer, header, { limits, pause: this.#pause });
      return { buffer: prepared, headers: [readBatchHeader(prepared, 0)] };
    });
  }

  readonly #pause = (): Promise<void> => new Promise((resolve) => this.#timers.soon(resolve));
}
