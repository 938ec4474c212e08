import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../../broker/model/kafka-error.ts';
import {
  BATCH_HEADER_SIZE,
  BatchField,
  CODECS,
  batchCrcIsValid,
  patchCrc,
  readBatchHeader,
} from '../../../broker/records/batch-header.ts';
import { buildBatch, compressBatch } from '../../../broker/records/builder.ts';
import { readPlainRecords } from '../../../broker/records/record-reader.ts';
import type { ProduceLimits } from '../../../broker/records/produce-limits.ts';
import { validateProduced } from '../../../broker/records/validate.ts';
import { needsInspection, prepareBatch } from '../../../broker/records/recompress.ts';
import { producedBatch } from './arbitrary.ts';

const NOW_MS = 1_700_000_000_000;

const limits: ProduceLimits = {
  produceVersion: 9,
  batchSizeMax: 1_048_588,
  compacted: false,
  timestampType: 'create',
  timestampBeforeMaxMs: Infinity,
  timestampAfterMaxMs: Infinity,
  nowMs: NOW_MS,
  compression: null,
};
const pause = () => Promise.resolve();

const keyed = { timestampMs: NOW_MS, key: Buffer.from('k'), value: Buffer.from('v') };
const keyless = { ...keyed, key: null };

describe('what a client may produce', () => {
  it('lets every well-formed batch through unchanged, with every codec', async () => {
    await fc.assert(
      fc.asyncProperty(producedBatch, fc.constantFrom(...CODECS), async (content, codec) => {
        const batch = await compressBatch(buildBatch(content), codec);
        const before = Buffer.from(batch);
        expect(validateProduced(batch, limits)).toEqual([readBatchHeader(before, 0)]);
        expect(batch.equals(before)).toBe(true);
      }),
    );
  });

  it('throws nothing but KafkaError on any bytes, and refuses all that end too early', () => {
    const batch = buildBatch({ records: [keyed, keyless] });
    for (let size = 0; size < batch.length; size += 1) {
      expect(() => validateProduced(batch.subarray(0, size), limits)).toThrow(KafkaError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        expect(() => validateProduced(Buffer.from(array), limits)).toThrow(KafkaError);
      }),
    );
  });

  it('throws nothing but KafkaError on any records in a right frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 5 }), (array, count) => {
        const head = buildBatch({ records: [keyed] }).subarray(0, BATCH_HEADER_SIZE);
        const batch = Buffer.concat([head, array]);
        batch.writeInt32BE(batch.length - 12, BatchField.length);
        batch.writeInt32BE(count, BatchField.recordCount);
        batch.writeInt32BE(count - 1, BatchField.lastOffsetDelta);
        patchCrc(batch, 0);
        expect(() => validateProduced(batch, limits)).toThrow(KafkaError);
      }),
    );
  });

  it('accepts no records that cannot be read back', () => {
    const anyChange = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    let acceptedCount = 0;
    fc.assert(
      fc.property(producedBatch, fc.array(anyChange, { maxLength: 2 }), (content, changes) => {
        const batch = buildBatch(content);
        for (const [place, byte] of changes) {
          batch[BATCH_HEADER_SIZE + (place % (batch.length - BATCH_HEADER_SIZE))] = byte;
        }
        patchCrc(batch, 0);
        if (refusal(batch) !== null) return;
        acceptedCount += 1;
        expect(readPlainRecords(batch)).toHaveLength(content.records.length);
      }),
      { numRuns: 2000 },
    );
    expect(acceptedCount).toBeGreaterThan(0);
  });

  it('refuses a record that lacks some of its headers', () => {
    const headers = [{ key: 'a', value: Buffer.alloc(0) }];
    const batch = buildBatch({ records: [{ ...keyed, headers }] });
    batch[batch.indexOf(Buffer.from([2, 2, 0x61]))] = 4;
    patchCrc(batch, 0);
    expect(refusal(batch)).toBe(ErrorCodes.INVALID_RECORD);
  });

  it('notices every changed bit behind the checksum', () => {
    const batch = buildBatch({ records: [keyed] });
    for (let bit = BatchField.crc * 8; bit < batch.length * 8; bit += 1) {
      const broken = Buffer.from(batch);
      broken[bit >>> 3] = (broken[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expect(refusal(broken)).toBe(ErrorCodes.CORRUPT_MESSAGE);
    }
  });

  it('names the reason as Kafka does', () => {
    const { INVALID_RECORD, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE } = ErrorCodes;
    const { UNSUPPORTED_FOR_MESSAGE_FORMAT, MESSAGE_TOO_LARGE, CORRUPT_MESSAGE } = ErrorCodes;
    const one = buildBatch({ records: [keyed] });
    expect(refusal(Buffer.alloc(0))).toBe(INVALID_RECORD);
    expect(refusal(Buffer.concat([one, one]))).toBe(INVALID_RECORD);
    expect(refusal(one.subarray(0, one.length - 1))).toBe(CORRUPT_MESSAGE);
    expect(refusal(one, { batchSizeMax: one.length - 1 })).toBe(MESSAGE_TOO_LARGE);
    expect(refusal(one, { batchSizeMax: one.length })).toBe(null);
    for (const magic of [0, 1]) {
      expect(refusal(changed((batch) => batch.writeInt8(magic, BatchField.magic)))).toBe(
        UNSUPPORTED_FOR_MESSAGE_FORMAT,
      );
    }
    const attributes = (value: number): Buffer =>
      changed((batch) => batch.writeInt16BE(value, BatchField.attributes));
    expect(refusal(changed((batch) => batch.writeInt8(3, BatchField.magic)))).toBe(CORRUPT_MESSAGE);
    expect(refusal(attributes(5))).toBe(UNSUPPORTED_COMPRESSION_TYPE);
    expect(refusal(attributes(4), { produceVersion: 6 })).toBe(UNSUPPORTED_COMPRESSION_TYPE);
    expect(refusal(attributes(4), { produceVersion: 7 })).toBe(null);
    expect(refusal(attributes(0x20))).toBe(INVALID_RECORD);
    expect(refusal(attributes(0x10))).toBe(INVALID_RECORD);
    expect(refusal(attributes(0x08))).toBe(INVALID_TIMESTAMP);
    const count = (value: number): Buffer =>
      changed((batch) => batch.writeInt32BE(value, BatchField.recordCount));
    expect(refusal(count(0))).toBe(INVALID_RECORD);
    expect(refusal(count(2))).toBe(INVALID_RECORD);
    expect(refusal(count(-1))).toBe(INVALID_RECORD);
    expect(refusal(changed((batch) => batch.writeInt32BE(1, 4)))).toBe(INVALID_RECORD);
    expect(refusal(changed((batch) => batch.writeInt32BE(7, BatchField.producerId)))).toBe(
      INVALID_RECORD,
    );
  });

  it('refuses a batch whose header and records count differently', () => {
    const batch = buildBatch({ records: [keyed, keyed, keyed] });
    batch.writeInt32BE(2, BatchField.recordCount);
    batch.writeInt32BE(1, BatchField.lastOffsetDelta);
    patchCrc(batch, 0);
    expect(refusal(batch)).toBe(ErrorCodes.INVALID_RECORD);
  });

  it('wants a key from every record of a compacted topic', () => {
    expect(refusal(buildBatch({ records: [keyed, keyless] }), { compacted: true })).toBe(
      ErrorCodes.INVALID_RECORD,
    );
    expect(refusal(buildBatch({ records: [keyed, keyed] }), { compacted: true })).toBe(null);
  });

  it('looks into compressed batches where a compacted topic needs it', async () => {
    const compacted = { ...limits, compacted: true };
    for (const codec of CODECS.slice(1)) {
      const batch = await compressBatch(buildBatch({ records: [keyed, keyless] }), codec);
      const [header] = validateProduced(batch, compacted);
      if (header === undefined) throw new Error('a header was expected');
      expect(needsInspection(header, limits)).toBe(false);
      expect(needsInspection(header, compacted)).toBe(true);
      await expect(prepareBatch(batch, header, { limits, pause })).resolves.toBe(batch);
      const inspected = prepareBatch(batch, header, { limits: compacted, pause });
      await expect(inspected).rejects.toMatchObject({ code: ErrorCodes.INVALID_RECORD });
    }
  });

  it('refuses timestamps that are too far away', async () => {
    const at = (timestampMs: number): Buffer =>
      buildBatch({ records: [keyed, { ...keyed, timestampMs }] });
    const before = { timestampBeforeMaxMs: 1000 };
    const after = { timestampAfterMaxMs: 1000 };
    expect(refusal(at(NOW_MS - 1000), before)).toBe(null);
    expect(refusal(at(NOW_MS - 1001), before)).toBe(ErrorCodes.INVALID_TIMESTAMP);
    expect(refusal(at(NOW_MS + 1000), after)).toBe(null);
    expect(refusal(at(NOW_MS + 1001), after)).toBe(ErrorCodes.INVALID_TIMESTAMP);
    expect(refusal(at(-1), before)).toBe(null);
    expect(refusal(at(0), { ...before, timestampType: 'append' })).toBe(null);
    const compressed = await compressBatch(at(NOW_MS + 1001), 'gzip');
    expect(refusal(compressed, after)).toBe(ErrorCodes.INVALID_TIMESTAMP);
  });

  it('stamps the append time where the topic says so', () => {
    const batch = buildBatch({ records: [keyed] });
    const [header] = validateProduced(batch, { ...limits, timestampType: 'append', nowMs: 42 });
    expect(header).toMatchObject({ timestampType: 'append', maxTimestampMs: 42 });
    expect(batchCrcIsValid(batch, 0)).toBe(true);
  });

  it('corrects a largest timestamp that no record has', () => {
    const batch = changed((bytes) => bytes.writeInt32BE(0x7fff, BatchField.maxTimestamp));
    const [header] = validateProduced(batch, limits);
    expect(header?.maxTimestampMs).toBe(NOW_MS);
    expect(batchCrcIsValid(batch, 0)).toBe(true);
  });
});

/** The code of the refusal, null if the batch is accepted. */
function refusal(batch: Buffer, change: Partial<ProduceLimits> = {}): number | null {
  try {
    validateProduced(batch, { ...limits, ...change });
    return null;
  } catch (error) {
    return errorCodeOf(error);
  }
}

/** A batch of one record, changed, with the right checksum. */
function changed(change: (batch: Buffer) => void): Buffer {
  const batch = buildBatch({ records: [keyed] });
  change(batch);
  patchCrc(batch, 0);
  return batch;
}
