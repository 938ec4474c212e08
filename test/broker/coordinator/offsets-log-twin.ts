/** __consumer_offsets in memory: commits at once, or when the test says so; can refuse and be read. */

import type {
  OffsetsAppend,
  OffsetsLogRecord,
  OffsetsTopicLog,
} from '../../../broker/coordinator/runtime/offsets-topic-port.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import type { ErrorCode } from '../../../broker/model/error-codes.ts';

interface Batch {
  readonly partition: number;
  readonly records: readonly OffsetsLogRecord[];
  readonly commit: () => void;
  readonly refuse: (errorCode: ErrorCode) => void;
}

export class OffsetsLogTwin implements OffsetsTopicLog {
  readonly batches: Batch[] = [];
  readonly held: Batch[] = [];
  /** Appends wait for commitAll() or refuseAll(). */
  isHolding = false;
  refusal: ErrorCode | null = null;
  readGate: Promise<void> = Promise.resolve();
  readFailure: Error | null = null;

  append({ partition, records }: OffsetsAppend): Promise<void> {
    if (this.refusal !== null) return Promise.reject(new KafkaError(this.refusal));
    return new Promise((resolve, reject) => {
      const batch: Batch = {
        partition,
        records,
        commit: resolve,
        refuse: (errorCode) => {
          this.batches.splice(this.batches.indexOf(batch), 1);
          reject(new KafkaError(errorCode));
        },
      };
      this.batches.push(batch);
      if (this.isHolding) this.held.push(batch);
      else resolve();
    });
  }

  async *read(partition: number): AsyncGenerator<readonly OffsetsLogRecord[]> {
    await this.readGate;
    if (this.readFailure !== null) throw this.readFailure;
    for (const batch of [...this.batches]) if (batch.partition === partition) yield batch.records;
  }

  commitAll(): void {
    for (const batch of this.held.splice(0)) batch.commit();
  }

  refuseAll(errorCode: ErrorCode): void {
    for (const batch of this.held.splice(0)) batch.refuse(errorCode);
  }

  put(partition: number, records: readonly OffsetsLogRecord[]): void {
    const ignore = (): void => undefined;
    this.batches.push({ partition, records, commit: ignore, refuse: ignore });
  }
}
