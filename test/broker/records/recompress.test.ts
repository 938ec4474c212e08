import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import type { BatchHeader } from '../../../broker/records/batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_OVERHEAD,
  BatchField,
  CODECS,
  batchCrcIsValid,
  patchCrc,
  readBatchHeader,
} from '../../../broker/records/batch-header.ts';
import { buildBatch, compressBatch } from '../../../broker/records/builder.ts';
import {
  needsInspection,
  prepareBatch,
  recompressionOf,
} from '../../../broker/records/recompress.ts';
import { readRecords } from '../../../broker/records/record-reader.ts';
import { findRecord } from '../../../broker/records/record-search.ts';
import type { CompressionTarget, ProduceLimits } from '../../../broker/records/produce-limits.ts';
import { validateProduced } from '../../../broker/records/validate.ts';
import { producedBatch } from './arbitrary.ts';

const NOW_MS = 1_700_000_000_000;

function limitsOf(limits: Partial<ProduceLimits>): ProduceLimits {
  return {
    produceVersion: 9,
    batchSizeMax: 1_048_588,
    compacted: false,
    timestampType: 'create',
    timestampBeforeMaxMs: Infinity,
    timestampAfterMaxMs: Infinity,
    nowMs: NOW_MS,
    compression: null,
    ...limits,
  };
}

class Pauses {
  count = 0;
  readonly pause = (): Promise<void> => {
    this.count += 1;
    return Promise.resolve();
  };
}

/** As the Produce handler does it. */
async function produced(
  batch: Buffer,
  limits: ProduceLimits,
  pauses = new Pauses(),
): Promise<{ readonly batch: Buffer; readonly header: BatchHeader }> {
  const [header] = validateProduced(batch, limits);
  if (header === undefined) throw new Error('a header was expected');
  if (recompressionOf(header, limits) === null && !needsInspection(header, limits)) {
    return { batch, header };
  }
  const prepared = await prepareBatch(batch, header, { limits, pause: pauses.pause });
  return { batch: prepared, header: readBatchHeader(prepared, 0) };
}

const target: fc.Arbitrary<CompressionTarget> = fc.oneof(
  fc.record({ codec: fc.constantFrom('none', 'snappy', 'lz4'), level: fc.constant(null) }),
  fc.record({ codec: fc.constant('gzip'), level: fc.constantFrom(-1, 1, 9) }),
  fc.record({ codec: fc.constant('zstd'), level: fc.constantFrom(-5, 3, 19) }),
);
const codec = fc.constantFrom(...CODECS);
const timestampType = fc.constantFrom('create' as const, 'append' as const);

describe('a batch on its way into a topic with a compression.type', () => {
  it('gets that codec, and everything else stays: records, producer, sequence, times', async () => {
    await fc.assert(
      fc.asyncProperty(
        producedBatch,
        codec,
        target,
        timestampType,
        async (content, from, compression, type) => {
          const sent = await compressBatch(buildBatch(content), from);
          const before = readBatchHeader(sent, 0);
          const records = await readRecords(sent);
          const limits = limitsOf({ compression, timestampType: type, batchSizeMax: 1 << 24 });
          const { batch, header } = await produced(Buffer.from(sent), limits);
          expect(batchCrcIsValid(batch, 0)).toBe(true);
          const isAppend = type === 'append';
          expect(header).toMatchObject({
            compression: compression.codec,
            sizeInBytes: batch.length,
            timestampType: type,
            maxTimestampMs: isAppend ? NOW_MS : before.maxTimestampMs,
            baseTimestampMs: before.baseTimestampMs,
            producerId: before.producerId,
            producerEpoch: before.producerEpoch,
            baseSequence: before.baseSequence,
            recordCount: before.recordCount,
            lastOffsetDelta: before.lastOffsetDelta,
            isTransactional: before.isTransactional,
          });
          const timed = records.map((it) => (isAppend ? { ...it, timestampMs: NOW_MS } : it));
          expect(await readRecords(batch)).toEqual(timed);
        },
      ),
    );
  });

  it('is not touched where the codec is right already, or the producer chooses', async () => {
    const content = { records: [{ timestampMs: 1, key: null, value: Buffer.from('v') }] };
    for (const own of CODECS) {
      const batch = await compressBatch(buildBatch(content), own);
      const compression = { codec: own, level: null };
      expect((await produced(batch, limitsOf({ compression }))).batch).toBe(batch);
      expect((await produced(batch, limitsOf({ compression: null }))).batch).toBe(batch);
    }
  });

  it('is too large if it is so afterwards', async () => {
    const value = Buffer.alloc(5000, 'a');
    const batch = await compressBatch(
      buildBatch({ records: [{ timestampMs: 1, key: null, value }] }),
      'gzip',
    );
    const compression = { codec: 'none' as const, level: null };
    const limits = limitsOf({ compression, batchSizeMax: 5000 });
    await expect(produced(batch, limits)).rejects.toMatchObject({
      code: ErrorCodes.MESSAGE_TOO_LARGE,
    });
    await expect(produced(batch, { ...limits, batchSizeMax: 6000 })).resolves.toBeDefined();
  });

  it('is refused where its records are not what the header says, in every codec', async () => {
    const plain = buildBatch({ records: [{ timestampMs: 1, key: null, value: Buffer.from('v') }] });
    plain.writeInt32BE(2, BatchField.recordCount);
    plain.writeInt32BE(1, BatchField.lastOffsetDelta);
    patchCrc(plain, 0);
    for (const own of CODECS.filter((it) => it !== 'none')) {
      const batch = await compressBatch(plain, own);
      const compression = { codec: 'none' as const, level: null };
      await expect(produced(batch, limitsOf({ compression }))).rejects.toMatchObject({
        code: ErrorCodes.INVALID_RECORD,
      });
    }
  });

  it('is looked into where the topic limits the age of records, whatever its header says', async () => {
    const records = [NOW_MS, NOW_MS - 5000, NOW_MS].map((timestampMs) => ({
      timestampMs,
      key: null,
      value: Buffer.from('v'),
    }));
    const batch = await compressBatch(buildBatch({ records }), 'lz4');
    const limits = limitsOf({ timestampBeforeMaxMs: 1000 });
    await expect(produced(batch, limits)).rejects.toMatchObject({
      code: ErrorCodes.INVALID_TIMESTAMP,
    });
    const append = { ...limits, timestampType: 'append' as const };
    await expect(produced(batch, append)).resolves.toMatchObject({ batch });
  });

  it('is walked in steps when it has very many records', async () => {
    const record = { timestampMs: NOW_MS, key: null, value: null };
    const records = Array.from({ length: 120_000 }, () => record);
    const batch = await compressBatch(buildBatch({ records }), 'zstd');
    const pauses = new Pauses();
    const compression = { codec: 'none' as const, level: null };
    await produced(batch, limitsOf({ compression, batchSizeMax: 1 << 24 }), pauses);
    expect(pauses.count).toBe(2);
  });

  it('may be a few bytes that become very many, which are taken in the thread pool', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(70_000);
    const head = buildBatch({ records: [{ timestampMs: 1, key: null, value: null }] });
    const batch = Buffer.concat([head.subarray(0, BATCH_HEADER_SIZE), bomb]);
    batch.writeInt32BE(batch.length - BATCH_OVERHEAD, BatchField.length);
    batch.writeInt16BE(1, BatchField.attributes);
    patchCrc(batch, 0);
    const compression = { codec: 'none' as const, level: null };
    await expect(produced(batch, limitsOf({ compression }))).rejects.toMatchObject({
      code: ErrorCodes.INVALID_RECORD,
    });
  });
});

describe('the search for a record by its time', () => {
  it('finds the one that a reader of all records finds, in every codec', async () => {
    const least = fc.record({ timestampMs: fc.nat({ max: 6000 }), offset: fc.nat({ max: 45 }) });
    await fc.assert(
      fc.asyncProperty(producedBatch, codec, least, async (content, own, wanted) => {
        const batch = await compressBatch(buildBatch(content), own);
        const records = await readRecords(batch);
        const expected = records.find(
          ({ timestampMs, offset }) => timestampMs >= wanted.timestampMs && offset >= wanted.offset,
        );
        const found = await findRecord(batch, wanted, new Pauses().pause);
        expect(found?.offset).toBe(expected?.offset);
        expect(found?.timestampMs).toBe(expected?.timestampMs);
      }),
    );
  });

  it('walks in steps when there are very many', async () => {
    const record = { timestampMs: 5, key: null, value: null };
    const records = Array.from({ length: 50_000 }, () => record);
    const batch = await compressBatch(buildBatch({ records }), 'gzip');
    const pauses = new Pauses();
    const found = await findRecord(batch, { timestampMs: 5, offset: 49_999 }, pauses.pause);
    expect(found).toEqual({ timestampMs: 5, offset: 49_999 });
    expect(pauses.count).toBe(2);
  });

  it('throws CORRUPT_MESSAGE for a batch that is damaged', async () => {
    const batch = buildBatch({ records: [{ timestampMs: 5, key: null, value: null }] });
    batch[batch.length - 1] = 77;
    const least = { timestampMs: 0, offset: 0 };
    await expect(findRecord(batch, least, new Pauses().pause)).rejects.toMatchObject({
      code: ErrorCodes.CORRUPT_MESSAGE,
    });
  });
});
