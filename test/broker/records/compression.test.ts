import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import zstd from '@mongodb-js/zstd';
import fc from 'fast-check';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { CODECS } from '../../../broker/records/batch-header.ts';
import { compress, decompress } from '../../../broker/records/compression.ts';
import snappy from 'snappy';

const SIZES = [0, 1, 100, 32 * 1024, 32 * 1024 + 1, 70_000, 300_000, 5_000_000];

describe('the codecs', () => {
  it.each(CODECS)('give back what went in, small and large, text and noise: %s', async (codec) => {
    for (const size of SIZES) {
      for (const data of [text(size), noise(size)]) {
        const back = await decompress(codec, await compress(codec, data));
        expect(back.equals(data)).toBe(true);
      }
    }
  });

  it('read snappy as one raw block too, as some clients send it', async () => {
    const data = text(1000);
    expect((await decompress('snappy', snappy.compressSync(data))).equals(data)).toBe(true);
  });

  it('read several zstd frames and several gzip members, one after the other', async () => {
    const parts = [text(1000), text(70)];
    const frames = Buffer.concat(await Promise.all(parts.map((part) => zstd.compress(part))));
    expect((await decompress('zstd', frames)).equals(Buffer.concat(parts))).toBe(true);
    const members = Buffer.concat(parts.map((part) => gzipSync(part)));
    expect((await decompress('gzip', members)).equals(Buffer.concat(parts))).toBe(true);
  });

  it('refuse to let out more than the limit, however little came in', async () => {
    const data = Buffer.alloc(3_000_000);
    for (const codec of CODECS.slice(1)) {
      const compressed = await compress(codec, data);
      await expect(decompress(codec, compressed, 1_000_000)).rejects.toMatchObject({
        code: ErrorCodes.CORRUPT_MESSAGE,
      });
    }
  });

  it('refuse a snappy block and a zstd frame that claim gigabytes', async () => {
    const claim = Buffer.from('ffffffff0f00', 'hex');
    await expect(decompress('snappy', claim)).rejects.toBeInstanceOf(KafkaError);
    const oneBlock = Buffer.from('030010', 'hex');
    const repeated = Buffer.concat([
      Buffer.from('28b52ffd0058', 'hex'),
      ...Array.from({ length: 3000 }, () => Buffer.from('0200100a', 'hex')),
      oneBlock,
      Buffer.from('0a', 'hex'),
    ]);
    await expect(decompress('zstd', repeated, 1024 * 1024)).rejects.toBeInstanceOf(KafkaError);
  });

  it('refuse what ends too early', async () => {
    const data = text(1000);
    for (const codec of CODECS.slice(1)) {
      const compressed = await compress(codec, data);
      for (const size of [0, 1, 5, 10, 20, compressed.length - 5, compressed.length - 1]) {
        const cut = decompress(codec, compressed.subarray(0, size));
        const outcome = await cut.catch((error: unknown) => error);
        // An empty input is an empty snappy stream, or no frames of zstd: never the data.
        const isShort = Buffer.isBuffer(outcome) && outcome.length === 0;
        expect(outcome instanceof KafkaError || isShort).toBe(true);
      }
    }
  });

  it('throw nothing but KafkaError on any bytes', async () => {
    const heads = ['', '1f8b0800', '82534e41505059000000000100000001', '04224d18', '28b52ffd'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...CODECS),
        fc.constantFrom(...heads),
        fc.uint8Array({ maxLength: 100 }),
        async (codec, head, array) => {
          const data = Buffer.concat([Buffer.from(head, 'hex'), array]);
          const outcome = await decompress(codec, data).catch((error: unknown) => error);
          expect(Buffer.isBuffer(outcome) || outcome instanceof KafkaError).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function text(size: number): Buffer {
  return Buffer.alloc(size, 'what is said twice is said better, ');
}

/** Bytes that no codec makes smaller, the same in every run. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
