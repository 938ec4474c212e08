import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import {
  BATCH_HEADER_SIZE,
  BatchField,
  CODECS,
  patchAppendTime,
  patchBatch,
  patchCrc,
  readBatchHeader,
} from '../../../broker/records/batch-header.ts';
import { buildBatch, compressBatch } from '../../../broker/records/builder.ts';
import { readPlainRecords, readRecords } from '../../../broker/records/record-reader.ts';
import { producedBatch } from './arbitrary.ts';

const hello = { timestampMs: 1000, key: null, value: Buffer.from('hello'), headers: [] };

describe('reading records', () => {
  it('gives back what was built, with every codec', async () => {
    await fc.assert(
      fc.asyncProperty(producedBatch, fc.constantFrom(...CODECS), async (content, codec) => {
        const batch = await compressBatch(buildBatch(content), codec);
        const header = readBatchHeader(batch, 0);
        expect(header.compression).toBe(codec);
        expect(header.producerId).toBe(content.producer?.id);
        expect(header.isTransactional).toBe(content.isTransactional);
        const records = await readRecords(batch);
        expect(records).toEqual(content.records.map((record, offset) => ({ ...record, offset })));
      }),
      { numRuns: 100 },
    );
  });

  it('reads a batch in the middle of a buffer, at its patched offset', async () => {
    const batch = buildBatch({ records: [hello, hello] });
    const buffer = Buffer.concat([Buffer.alloc(7), batch, Buffer.alloc(9)]);
    patchBatch(buffer, 7, { baseOffset: 2 ** 40, partitionLeaderEpoch: 3 });
    const records = await readRecords(buffer, 7);
    expect(records.map((record) => record.offset)).toEqual([2 ** 40, 2 ** 40 + 1]);
  });

  it('gives every record the append time where the broker set it', async () => {
    const batch = buildBatch({ records: [hello, { ...hello, timestampMs: 5 }] });
    patchAppendTime(batch, 0, 777);
    expect(readBatchHeader(batch, 0).timestampType).toBe('append');
    const records = await readRecords(batch);
    expect(records.map((record) => record.timestampMs)).toEqual([777, 777]);
  });

  it('finds no records in a batch that compaction emptied', () => {
    const batch = Buffer.from(buildBatch({ records: [hello] }).subarray(0, BATCH_HEADER_SIZE));
    batch.writeInt32BE(BATCH_HEADER_SIZE - 12, BatchField.length);
    batch.writeInt32BE(0, BatchField.recordCount);
    patchCrc(batch, 0);
    expect(readPlainRecords(batch)).toEqual([]);
  });

  it('throws nothing but KafkaError on any bytes', async () => {
    const anyBatch = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc
        .tuple(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: 7 }), fc.nat({ max: 9 }))
        .map(([records, codec, count]) => frame(Buffer.from(records), codec, count)),
    );
    await fc.assert(
      fc.asyncProperty(anyBatch, async (batch) => {
        const outcome = await readRecords(batch).then(
          () => null,
          (error: unknown) => error,
        );
        expect(outcome === null || outcome instanceof KafkaError).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('survives any one changed byte of a compressed batch, with the checksum made right', async () => {
    const content = { records: Array.from({ length: 20 }, () => hello) };
    const originals = await Promise.all(
      CODECS.map((codec) => compressBatch(buildBatch(content), codec)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.nat(),
        fc.nat({ max: 255 }),
        async (original, place, byte) => {
          const batch = Buffer.from(original);
          batch[BATCH_HEADER_SIZE + (place % (batch.length - BATCH_HEADER_SIZE))] = byte;
          patchCrc(batch, 0);
          const outcome = await readRecords(batch).catch((error: unknown) => error);
          expect(Array.isArray(outcome) || outcome instanceof KafkaError).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses a batch whose checksum does not match', async () => {
    const batch = buildBatch({ records: [hello] });
    batch[batch.length - 2] = 1;
    await expect(readRecords(batch)).rejects.toMatchObject({ code: ErrorCodes.CORRUPT_MESSAGE });
  });
});

/** Any bytes as the records of a batch that is right otherwise. */
function frame(records: Buffer, codec: number, count: number): Buffer {
  const head = buildBatch({ records: [hello] }).subarray(0, BATCH_HEADER_SIZE);
  const batch = Buffer.concat([head, records]);
  batch.writeInt32BE(batch.length - 12, BatchField.length);
  batch.writeInt16BE(codec, BatchField.attributes);
  batch.writeInt32BE(count, BatchField.recordCount);
  batch.writeInt32BE(100, BatchField.lastOffsetDelta);
  patchCrc(batch, 0);
  return batch;
}
