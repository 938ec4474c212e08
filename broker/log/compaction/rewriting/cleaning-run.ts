/** What the two passes of one compaction share: ports, the throttle, and counts of what was done. */

import type { JobContext } from '../../../platform/workers.ts';
import type { CleaningInput, SourceSegment } from '../cleaning-input.ts';
import type { StreamedBatch } from './batch-stream.ts';
import { BatchStream } from './batch-stream.ts';
import { ByteThrottle } from './byte-throttle.ts';

export class CleaningRun {
  readonly input: CleaningInput;
  readonly context: JobContext;
  readonly #throttle: ByteThrottle;
  readBytes = 0;
  writtenBytes = 0;
  readRecordCount = 0;
  keptRecordCount = 0;
  invalidRecordCount = 0;

  constructor(input: CleaningInput, context: JobContext) {
    this.input = input;
    this.context = context;
    this.#throttle = new ByteThrottle(input.limits.bytesPerSecondMax, context);
  }

  /** The batches of a segment; each is valid until the next one. */
  async *batchesOf(segment: SourceSegment): AsyncGenerator<StreamedBatch> {
    const { path, size } = segment;
    if (size === 0) return;
    const handle = await this.context.fileSystem.open(path, 'read');
    try {
      const stream = new BatchStream({
        handle,
        path,
        size,
        bufferSize: this.input.limits.ioBufferBytes,
        onRead: (bytes) => this.noteRead(bytes),
      });
      for (let batch = await stream.next(); batch !== null; batch = await stream.next()) {
        yield batch;
      }
    } finally {
      await handle.close();
    }
  }

  /** Waits where that is too fast; rejects once nobody wants the result. */
  noteRead(bytes: number): Promise<void> {
    this.readBytes += bytes;
    return this.#throttle.take(bytes);
  }

  noteWritten(bytes: number): Promise<void> {
    this.writtenBytes += bytes;
    return this.#throttle.take(bytes);
  }
}
