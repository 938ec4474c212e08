/**
 * What an answer is made of: bytes in memory and spans of files, in the order in which they are sent.
 */

/**
 * A byte range of an open file. Whoever receives a span owns one reference to the file and gives it
 * back by `release()` exactly once, sent or not; the file is closed and, if deleted, gone with the
 * last reference.
 */
export interface FileSpan {
  /** Open for reading; valid until release(). */
  readonly fd: number;
  readonly position: number;
  /** Bytes; never 0. */
  readonly size: number;
  release(): void;
  /** Reads the span into memory; for peers that no sendfile reaches, and for tests. */
  read(): Promise<Buffer>;
  /** As read(), of `size` bytes from `start` on, counted from the start of the span. */
  slice(start: number, size: number): Promise<Buffer>;
}

export type PayloadPart = Buffer | FileSpan;
export type Payload = readonly PayloadPart[];

export function payloadSize(payload: Payload): number {
  let size = 0;
  for (const part of payload) size += Buffer.isBuffer(part) ? part.length : part.size;
  return size;
}

/** Gives back every file reference of a payload that will not be sent. */
export function releasePayload(payload: Payload): void {
  for (const part of payload) if (!Buffer.isBuffer(part)) part.release();
}
