/**
 * Snappy as Kafka clients write it: Java frames blocks in the way of the snappy-java library (a
 * 16-byte head, then each block after its size); some clients send one raw block. Sources:
 * https://github.com/xerial/snappy-java (SnappyOutputStream) and
 * https://github.com/google/snappy/blob/main/format_description.txt
 */

const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const VERSION = 1;
const HEAD_SIZE = 16;
/** What snappy-java puts into one block by default. */
const BLOCK_INPUT_SIZE = 32 * 1024;
/** A copy of 64 bytes takes 3: nothing grows by more. */
const RATIO_MAX = 22;

/** The raw blocks of a stream, in order. Throws a RangeError where the framing breaks. */
export function splitSnappy(data: Buffer): readonly Buffer[] {
  if (!data.subarray(0, MAGIC.length).equals(MAGIC)) return [data];
  const blocks: Buffer[] = [];
  let position = HEAD_SIZE;
  while (position < data.length) {
    const size = data.readInt32BE(position);
    position += 4;
    if (size < 0 || size > data.length - position)
      throw new RangeError('a snappy block is cut off');
    blocks.push(data.subarray(position, position + size));
    position += size;
  }
  return blocks;
}

/** The pieces of `data` that become one block each. */
export function snappyPieces(data: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < data.length; start += BLOCK_INPUT_SIZE) {
    pieces.push(data.subarray(start, start + BLOCK_INPUT_SIZE));
  }
  return pieces;
}

/** Frames raw blocks as Java does. */
export function joinSnappy(blocks: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEAD_SIZE);
  MAGIC.copy(head);
  head.writeInt32BE(VERSION, 8);
  head.writeInt32BE(VERSION, 12);
  const parts: Buffer[] = [head];
  for (const block of blocks) {
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/** What a raw block says it holds; a RangeError where that cannot be. */
export function snappyOutputSize(block: Buffer): number {
  let size = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = block.readUInt8(index);
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if (size > block.length * RATIO_MAX) throw new RangeError('a snappy block claims too much');
    return size;
  }
  throw new RangeError('a snappy block without a size');
}
