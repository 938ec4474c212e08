/**
 * The frame around LZ4 blocks, as far as a reader must know it before it decompresses: where the
 * frame ends, and how much may come out. Source:
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */

const MAGIC = 0x184d2204;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_DICTIONARY = 0x01;
/** The high bit of a block's size: its bytes are stored as they are. */
const STORED = 0x80000000;
/** LZ4 turns one byte into 255 at most. */
const RATIO_MAX = 255;

interface Lz4Frame {
  /** Bytes from the magic to the end mark and checksum. */
  readonly size: number;
  /** The most that the blocks can hold. */
  readonly outputSizeMax: number;
}

/** Measures the first frame of `data`; what follows it is ignored, as Java's reader does. */
export function measureLz4Frame(data: Buffer): Lz4Frame {
  if (data.readUInt32LE(0) !== MAGIC) throw new RangeError('not an LZ4 frame');
  const flags = data.readUInt8(4);
  if (flags >>> 6 !== 1) throw new RangeError('an LZ4 frame of another version');
  if ((flags & FLAG_DICTIONARY) !== 0) throw new RangeError('an LZ4 frame with a dictionary');
  const blockSizeMax = blockSizeMaxOf(data.readUInt8(5));
  const trailer = (flags & FLAG_BLOCK_CHECKSUM) === 0 ? 0 : 4;
  let position = 7 + ((flags & FLAG_CONTENT_SIZE) === 0 ? 0 : 8);
  let outputSizeMax = 0;
  for (;;) {
    const word = data.readUInt32LE(position);
    position += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    outputSizeMax += Math.min(blockSizeMax, (word & STORED) === 0 ? size * RATIO_MAX : size);
    position += size + trailer;
  }
  if ((flags & FLAG_CONTENT_CHECKSUM) !== 0) position += 4;
  if (position > data.length) throw new RangeError('an LZ4 frame is cut off');
  return { size: position, outputSizeMax };
}

function blockSizeMaxOf(descriptor: number): number {
  const code = (descriptor >>> 4) & 0x07;
  if (code < 4) throw new RangeError('an LZ4 frame with an unknown block size');
  return 1 << (2 * code + 8);
}

/**
 * The frame with the right checksum of its descriptor: Kafka's clients of message format 0 computed
 * it over the magic too (KAFKA-3160).
 */
export function repairedLz4Frame(data: Buffer): Buffer {
  const descriptorSize = (data.readUInt8(4) & FLAG_CONTENT_SIZE) === 0 ? 2 : 10;
  const repaired = Buffer.from(data);
  const sum = shortXxHash32(data.subarray(4, 4 + descriptorSize));
  repaired.writeUInt8((sum >>> 8) & 0xff, 4 + descriptorSize);
  return repaired;
}

/**
 * xxHash32 with seed 0 of less than 16 bytes. Source:
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
function shortXxHash32(bytes: Buffer): number {
  const [prime1, prime2, prime3, prime4, prime5] = [
    0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1,
  ];
  let sum = (prime5 + bytes.length) | 0;
  let position = 0;
  for (; position + 4 <= bytes.length; position += 4) {
    sum = (sum + Math.imul(bytes.readInt32LE(position), prime3)) | 0;
    sum = Math.imul((sum << 17) | (sum >>> 15), prime4);
  }
  for (; position < bytes.length; position += 1) {
    sum = (sum + Math.imul(bytes.readUInt8(position), prime5)) | 0;
    sum = Math.imul((sum << 11) | (sum >>> 21), prime1);
  }
  sum = Math.imul(sum ^ (sum >>> 15), prime2);
  sum = Math.imul(sum ^ (sum >>> 13), prime3);
  return (sum ^ (sum >>> 16)) >>> 0;
}
