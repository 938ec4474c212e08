import { describe, expect, it } from '@jest/globals';
import {
  batchCrcIsValid,
  peekBaseOffset,
  peekBatchSize,
  peekLastOffset,
  peekMagic,
  peekMaxTimestamp,
  readBatchHeader,
} from '../../../broker/records/batch-header.ts';
import { buildBatch } from '../../../broker/records/builder.ts';
import { readPlainRecords, readRecords } from '../../../broker/records/record-reader.ts';
import { sampleBatches } from './sample-batches.ts';

const batches = sampleBatches();
const START_MS = 1_700_000_000_000;

describe('batches written by Apache Kafka', () => {
  it('have headers that read as documented', () => {
    expect(readBatchHeader(batches[0] ?? Buffer.alloc(0), 0)).toEqual({
      baseOffset: 0,
      sizeInBytes: 174,
      partitionLeaderEpoch: 0,
      magic: 2,
      crc: 0xa8d1ae64,
      attributes: 0,
      lastOffsetDelta: 2,
      lastOffset: 2,
      baseTimestampMs: START_MS,
      maxTimestampMs: START_MS + 2000,
      producerId: 2000,
      producerEpoch: 0,
      baseSequence: 0,
      recordCount: 3,
      compression: 'none',
      isTransactional: false,
      isControl: false,
      hasDeleteHorizon: false,
      timestampType: 'create',
    });
  });

  it('follow one another without holes and have the checksums that are computed here', () => {
    let next = 0;
    for (const batch of batches) {
      const header = readBatchHeader(batch, 0);
      expect(header.baseOffset).toBe(next);
      expect(batchCrcIsValid(batch, 0)).toBe(true);
      next = header.lastOffset + 1;
    }
    expect(next).toBe(26);
  });

  it('show the same by peeks as by the whole header', () => {
    for (const batch of batches) {
      const header = readBatchHeader(batch, 0);
      expect(peekBaseOffset(batch, 0)).toBe(header.baseOffset);
      expect(peekBatchSize(batch, 0)).toBe(batch.length);
      expect(peekLastOffset(batch, 0)).toBe(header.lastOffset);
      expect(peekMagic(batch, 0)).toBe(2);
      expect(peekMaxTimestamp(batch, 0)).toBe(header.maxTimestampMs);
    }
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'hold the records that were produced, compressed with %s',
    async (codec) => {
      const mine = batches.filter((batch) => {
        const header = readBatchHeader(batch, 0);
        return header.compression === codec && !header.isTransactional;
      });
      const records = (await Promise.all(mine.map((batch) => readRecords(batch)))).flat();
      const first = readBatchHeader(mine[0] ?? Buffer.alloc(0), 0).baseOffset;
      expect(records).toHaveLength(4);
      for (const index of [0, 1, 2]) {
        const record = records[index];
        expect(record?.offset).toBe(first + index);
        expect(record?.timestampMs).toBe(START_MS + index * 1000);
        expect(record?.key?.toString()).toBe(`k${String(index)}`);
        const value = `${`value-${codec}-`.repeat(2)}${String(index)}`;
        expect(record?.value?.toString()).toBe(value);
        expect(record?.headers).toEqual([{ key: 'h', value: Buffer.from([1, 2]) }]);
      }
      expect(records[3]).toEqual({
        offset: first + 3,
        timestampMs: START_MS + 500,
        key: Buffer.from('null-value'),
        value: null,
        headers: [],
      });
    },
  );

  it('show transactions and their markers', () => {
    const kinds = batches
      .map((batch) => readBatchHeader(batch, 0))
      .filter((header) => header.isTransactional)
      .map((header) => (header.isControl ? 'marker' : 'data'));
    expect(kinds).toEqual(['data', 'marker', 'data', 'marker', 'data', 'marker']);
  });

  it('come out of the builder byte for byte where they are not compressed', () => {
    const plain = batches.filter((batch) => readBatchHeader(batch, 0).compression === 'none');
    expect(plain).toHaveLength(8);
    for (const batch of plain) {
      const header = readBatchHeader(batch, 0);
      const rebuilt = buildBatch({
        baseOffset: header.baseOffset,
        partitionLeaderEpoch: header.partitionLeaderEpoch,
        producer: {
          id: header.producerId,
          epoch: header.producerEpoch,
          baseSequence: header.baseSequence,
        },
        isTransactional: header.isTransactional,
        isControl: header.isControl,
        records: readPlainRecords(batch),
      });
      expect(rebuilt.toString('hex')).toBe(batch.toString('hex'));
    }
  });
});
