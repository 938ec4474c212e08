/**
 * What the group coordinator asks of __consumer_offsets. Replication implements it; whoever handles
 * LeaderAndIsr calls `becomeLeader` and `resign` of the facade, which is the other direction.
 */

/** One record of __consumer_offsets. A null value is a tombstone. */
export interface OffsetsLogRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface OffsetsAppend {
  readonly partition: number;
  /** Of the coordinator's leadership: a log that has not been led all the time since refuses. */
  readonly tenure: number;
  /** Time of every record of the batch. */
  readonly timestampMs: number;
  /** At least one; they are written as one batch. */
  readonly records: readonly OffsetsLogRecord[];
}

export interface OffsetsTopicLog {
  /**
   * Appends with acks=all and resolves once the high watermark has passed the batch. Appends of one
   * partition keep the order of their calls. Rejects with a KafkaError only when the batch will
   * never be read from this leader: it was refused, or the leadership was lost. A slow commit is no
   * failure: the coordinator has its own time limit for the answer and keeps waiting.
   */
  append(append: OffsetsAppend): Promise<void>;
  /**
   * Every record from the log start to the log end of that moment, in offset order, one array per
   * batch or larger; buffers may be views that live until the next step. Control records and those
   * of aborted transactions are left out. Ends when all of it is committed. Rejects when it is not
   * that tenure any more.
   */
  read(
    partition: number,
    tenure: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly OffsetsLogRecord[]>;
}
