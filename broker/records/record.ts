/** A record as it lies in a batch, and as it comes out of a log. */

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

export interface RecordContent {
  /** -1: none. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly RecordHeader[];
}

/** Key, value and header values are views of the batch they were read from: copy to keep them. */
export interface LogRecord extends RecordContent {
  readonly offset: number;
  readonly headers: readonly RecordHeader[];
}
