/**
 * How much can come out of zstd frames, known from their block headers alone: the decoder has no
 * limit of its own, and a few bytes can stand for gigabytes. Source: RFC 8878, section 3.1.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_SIZE_MAX = 128 * 1024;
const DICTIONARY_ID_SIZES = [0, 1, 2, 4];
const CONTENT_SIZE_SIZES = [0, 2, 4, 8];
const FLAG_SINGLE_SEGMENT = 0x20;
const FLAG_CHECKSUM = 0x04;

interface Place {
  readonly position: number;
  readonly outputSizeMax: number;
}

/** The most that the frames in `data` can hold. Throws a RangeError where their structure breaks. */
export function zstdOutputSizeMax(data: Buffer): number {
  let place: Place = { position: 0, outputSizeMax: 0 };
  while (place.position < data.length) {
    const magic = data.readUInt32LE(place.position);
    if (magic === MAGIC) place = measureFrame(data, place);
    else if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) place = skipFrame(data, place);
    else throw new RangeError('not a zstd frame');
  }
  return place.outputSizeMax;
}

function skipFrame(data: Buffer, place: Place): Place {
  return { ...place, position: place.position + 8 + data.readUInt32LE(place.position + 4) };
}

function measureFrame(data: Buffer, place: Place): Place {
  let position = place.position + frameHeaderSize(data.readUInt8(place.position + 4));
  let { outputSizeMax } = place;
  for (let isLast = false; !isLast;) {
    const head = data.readUIntLE(position, 3);
    const size = head >>> 3;
    const type = (head >>> 1) & 0x03;
    isLast = (head & 1) === 1;
    if (type === 3 || size > BLOCK_SIZE_MAX) throw new RangeError('a malformed zstd block');
    outputSizeMax += type === 2 ? BLOCK_SIZE_MAX : size;
    position += 3 + (type === 1 ? 1 : size);
  }
  if ((data.readUInt8(place.position + 4) & FLAG_CHECKSUM) !== 0) position += 4;
  if (position > data.length) throw new RangeError('a zstd frame is cut off');
  return { position, outputSizeMax };
}

/** From the magic to the first block. */
function frameHeaderSize(descriptor: number): number {
  const isSingleSegment = (descriptor & FLAG_SINGLE_SEGMENT) !== 0;
  const sizeFlag = descriptor >>> 6;
  const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_SIZES[sizeFlag] ?? 0);
  const dictionaryId = DICTIONARY_ID_SIZES[descriptor & 0x03] ?? 0;
  return 5 + (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
}
