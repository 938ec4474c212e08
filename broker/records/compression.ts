/**
 * The codecs of record batches, in the forms in which Kafka's clients write them: gzip, snappy
 * (framed as snappy-java does, or raw), LZ4 frames, zstd frames.
 *
 * What comes out is bounded, and the bound is checked before memory is taken: a batch of a few bytes
 * can claim gigabytes. Corrupt input is a KafkaError CORRUPT_MESSAGE, whatever the codec threw.
 * Small inputs are worked at once (so that the order of things stays the same in every run), large
 * ones, and always zstd, in the thread pool. Codecs are loaded when first needed.
 */

import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Compression } from './batch-header.ts';
import { measureLz4Frame } from './lz4-frame.ts';
import { joinSnappy, snappyOutputSize, snappyPieces, splitSnappy } from './snappy-stream.ts';
import { zstdOutputSizeMax } from './zstd-frame.ts';

/** Far above what one batch holds in practice, and what one request may cost in memory. */
const OUTPUT_SIZE_MAX = 256 * 1024 * 1024;
/** Larger inputs go to the thread pool. */
const INLINE_SIZE_MAX = 64 * 1024;
/** gzip takes a millisecond for some twenty times less than the others. */
const GZIP_INLINE_SIZE_MAX = 8 * 1024;
/** A small input that comes to more than this, or may, goes to the thread pool too. */
const INLINE_OUTPUT_SIZE_MAX = 1024 * 1024;

const gzipInPool = promisify(gzip);
const gunzipInPool = promisify(gunzip);

/** Returns `data` itself for `none`. Throws KafkaError CORRUPT_MESSAGE. */
export async function decompress(
  compression: Compression,
  data: Buffer,
  outputSizeMax = OUTPUT_SIZE_MAX,
): Promise<Buffer> {
  try {
    switch (compression) {
      case 'none':
        return data;
      case 'gzip':
        return await decompressGzip(data, outputSizeMax);
      case 'snappy':
        return await decompressSnappy(data, outputSizeMax);
      case 'lz4':
        return await decompressLz4(data, outputSizeMax);
      case 'zstd':
        return await decompressZstd(data, outputSizeMax);
    }
  } catch (error) {
    throw new KafkaError(
      ErrorCodes.CORRUPT_MESSAGE,
      `the records of a batch cannot be decompressed (${compression})`,
      { cause: error },
    );
  }
}

/**
 * Returns `data` itself for `none`. `level`, null by default, is what the codec does by itself; gzip
 * and zstd know levels, -1 being gzip's own choice.
 */
export async function compress(
  compression: Compression,
  data: Buffer,
  level: number | null = null,
): Promise<Buffer> {
  switch (compression) {
    case 'none':
      return data;
    case 'gzip': {
      const options = { level: level ?? constants.Z_DEFAULT_COMPRESSION };
      const isCheap = data.length <= GZIP_INLINE_SIZE_MAX;
      return isCheap ? gzipSync(data, options) : gzipInPool(data, options);
    }
    case 'snappy': {
      const { default: snappy } = await import('snappy');
      const pieces = snappyPieces(data);
      if (isSmall(data)) return joinSnappy(pieces.map((piece) => snappy.compressSync(piece)));
      return joinSnappy(await Promise.all(pieces.map((piece) => snappy.compress(piece))));
    }
    case 'lz4': {
      const { default: lz4 } = await import('lz4-napi');
      return isSmall(data) ? lz4.compressFrameSync(data) : lz4.compressFrame(data);
    }
    case 'zstd': {
      const { default: zstd } = await import('@mongodb-js/zstd');
      return zstd.compress(data, level);
    }
  }
}

async function decompressGzip(data: Buffer, outputSizeMax: number): Promise<Buffer> {
  if (isSmall(data)) {
    try {
      const maxOutputLength = Math.min(outputSizeMax, INLINE_OUTPUT_SIZE_MAX);
      return gunzipSync(data, { maxOutputLength });
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
  }
  return gunzipInPool(data, { maxOutputLength: outputSizeMax });
}

async function decompressSnappy(data: Buffer, outputSizeMax: number): Promise<Buffer> {
  const { default: snappy } = await import('snappy');
  const blocks = splitSnappy(data);
  const outputSize = blocks.reduce((sum, block) => sum + snappyOutputSize(block), 0);
  checkOutputSize(outputSize, outputSizeMax);
  const outputs =
    isSmall(data) && outputSize <= INLINE_OUTPUT_SIZE_MAX
      ? blocks.map((block) => snappy.uncompressSync(block))
      : await Promise.all(blocks.map((block) => snappy.uncompress(block)));
  const buffers = outputs.map((output) => (Buffer.isBuffer(output) ? output : Buffer.from(output)));
  const [only] = buffers;
  return only !== undefined && buffers.length === 1 ? only : Buffer.concat(buffers);
}

async function decompressLz4(data: Buffer, outputSizeMax: number): Promise<Buffer> {
  const { default: lz4 } = await import('lz4-napi');
  const frame = measureLz4Frame(data);
  checkOutputSize(frame.outputSizeMax, outputSizeMax);
  const input = data.subarray(0, frame.size);
  const isCheap = isSmall(data) && frame.outputSizeMax <= INLINE_OUTPUT_SIZE_MAX;
  return isCheap ? lz4.decompressFrameSync(input) : lz4.decompressFrame(input);
}

async function decompressZstd(data: Buffer, outputSizeMax: number): Promise<Buffer> {
  const { default: zstd } = await import('@mongodb-js/zstd');
  checkOutputSize(zstdOutputSizeMax(data), outputSizeMax);
  return zstd.decompress(data);
}

/** By its code: where code runs in a context of its own, Node's errors are of another RangeError. */
function isTooLarge(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ERR_BUFFER_TOO_LARGE';
}

function checkOutputSize(size: number, outputSizeMax: number): void {
  if (size > outputSizeMax) throw new RangeError(`up to ${String(size)} bytes would come out`);
}

function isSmall(data: Buffer): boolean {
  return data.length <= INLINE_SIZE_MAX;
}
