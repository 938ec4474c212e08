import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import lz4 from 'lz4-napi';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import {
  isOldMessage,
  readOldMessageHeader,
  readOldMessages,
} from '../../../broker/records/old-message.ts';
import { readRecords } from '../../../broker/records/record-reader.ts';
import { APPEND_TIME, gzipWrapper, LZ4, oldMessage } from '../../support/old-messages.ts';

describe('messages of the formats 0 and 1', () => {
  it('are read with their offset, key and value, and in format 1 their time', async () => {
    const zero = oldMessage({ magic: 0, offset: 7, key: 'k', value: 'v' });
    const one = oldMessage({ magic: 1, offset: 8, timestampMs: 1234, key: null, value: null });
    expect(readOldMessageHeader(zero, 0)).toMatchObject({
      magic: 0,
      baseOffset: 7,
      lastOffset: 7,
      maxTimestampMs: -1,
      sizeInBytes: zero.length,
      partitionLeaderEpoch: -1,
      producerId: -1,
    });
    expect(readOldMessageHeader(one, 0)).toMatchObject({ magic: 1, maxTimestampMs: 1234 });
    expect(await readRecords(Buffer.concat([zero, one]), 0)).toEqual([
      { offset: 7, timestampMs: -1, key: Buffer.from('k'), value: Buffer.from('v'), headers: [] },
    ]);
    expect(await readRecords(Buffer.concat([zero, one]), zero.length)).toEqual([
      { offset: 8, timestampMs: 1234, key: null, value: null, headers: [] },
    ]);
  });

  it('are taken out of a wrapper: by offsets that count from 0 in format 1, true ones in format 0', async () => {
    for (const magic of [0, 1] as const) {
      const messages = [4, 5, 9].map((offset) => ({
        magic,
        offset,
        timestampMs: 100 - offset,
        value: String(offset),
      }));
      const dense = messages.map((message, index) =>
        magic === 0 ? message : { ...message, offset: 7 + index },
      );
      const wrapper = gzipWrapper(dense);
      expect(readOldMessageHeader(wrapper, 0)).toMatchObject({ lastOffset: 9 });
      const records = await readOldMessages(wrapper, 0);
      expect(records.map(({ offset }) => offset)).toEqual(dense.map(({ offset }) => offset));
      expect(records.map(({ value }) => value?.toString())).toEqual(['4', '5', '9']);
      expect(records.map(({ timestampMs }) => timestampMs)).toEqual(
        magic === 0 ? [-1, -1, -1] : [96, 95, 91],
      );
    }
  });

  it('all have the time of their wrapper where the broker had set it', async () => {
    const messages = [0, 1].map((offset) => ({
      magic: 1 as const,
      offset,
      timestampMs: 5,
      value: 'v',
    }));
    const wrapper = gzipWrapper(messages, { attributes: APPEND_TIME, timestampMs: 77 });
    const records = await readOldMessages(wrapper, 0);
    expect(records.map(({ timestampMs }) => timestampMs)).toEqual([77, 77]);
  });

  it('are read out of an LZ4 frame with the wrong checksum that clients of format 0 wrote', async () => {
    const inside = oldMessage({ magic: 0, offset: 3, value: 'v'.repeat(200) });
    const frame = lz4.compressFrameSync(inside);
    const descriptorEnd = (frame.readUInt8(4) & 0x08) === 0 ? 6 : 14;
    frame.writeUInt8(frame.readUInt8(descriptorEnd) ^ 0xff, descriptorEnd);
    const wrapper = oldMessage({ magic: 0, offset: 3, value: frame, attributes: LZ4 });
    const [record] = await readOldMessages(wrapper, 0);
    expect(record?.value?.toString()).toBe('v'.repeat(200));
    const modern = oldMessage({ magic: 1, offset: 3, value: frame, attributes: LZ4 });
    await expect(readOldMessages(modern, 0)).rejects.toBeInstanceOf(KafkaError);
  });

  it('are not seen in zeros or in a few bytes', () => {
    expect(isOldMessage(Buffer.alloc(20), 0)).toBe(false);
    expect(() => readOldMessageHeader(Buffer.alloc(200), 0)).toThrow('cannot have 12 bytes');
  });

  it('are either read, or refused as corrupt, whatever the bytes', async () => {
    const good = gzipWrapper(
      [0, 1, 2].map((offset) => ({ magic: 1 as const, offset, timestampMs: 1, value: 'value' })),
    );
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
    const checked = fc.assert(
      fc.asyncProperty(changes, fc.nat(good.length), async (edits, size) => {
        const bytes = Buffer.from(good);
        for (const [position, value] of edits) bytes.writeUInt8(value, position);
        const reading = readOldMessages(bytes.subarray(0, size), 0);
        const failure = await reading.then(
          () => null,
          (error: unknown) => error,
        );
        expect(failure === null || failure instanceof KafkaError).toBe(true);
      }),
    );
    await expect(checked).resolves.toBeUndefined();
  });
});
