/**
 * SipHash-2-4 with 128 bits, over keys of records. With a secret drawn for each compaction nobody can
 * send two keys that collide, as they can with MD5; and by chance two of 2^26 keys do with a
 * probability of 2^-77. Source: https://www.aumasson.jp/siphash/siphash.pdf
 *
 * Numbers of 64 bits are kept as two of 32, low half first.
 */

/** Bytes of the secret. */
export const HASH_SECRET_SIZE = 16;

const ROUNDS_OF_WORD = 2;
const ROUNDS_OF_END = 4;

export class KeyHasher {
  /** The last hash, in four words of 32 bits. */
  readonly words = new Int32Array(4);
  /** 64-bit words v0 to v3 at the start. */
  readonly #initial = new Int32Array(8);

  constructor(secret: Uint8Array) {
    const bytes = Buffer.from(secret.buffer, secret.byteOffset, HASH_SECRET_SIZE);
    const [k0l, k0h] = [bytes.readInt32LE(0), bytes.readInt32LE(4)];
    const [k1l, k1h] = [bytes.readInt32LE(8), bytes.readInt32LE(12)];
    // "somepseudorandomlygeneratedbytes"; 0xee asks for 128 bits.
    this.#initial.set([k0l ^ 0x70736575, k0h ^ 0x736f6d65]);
    this.#initial.set([k1l ^ 0x6e646f6d ^ 0xee, k1h ^ 0x646f7261], 2);
    this.#initial.set([k0l ^ 0x6e657261, k0h ^ 0x6c796765], 4);
    this.#initial.set([k1l ^ 0x79746573, k1h ^ 0x74656462], 6);
  }

  /**
   * In variables of its own from the first word to the last, as this runs for every record: the words
   * of the key, of which the last one has its size in it, then twice the end.
   */
  hash(bytes: Buffer, start: number, end: number): void {
    const { words } = this;
    const size = end - start;
    const wordCount = (size >>> 3) + 1;
    let [v0l = 0, v0h = 0, v1l = 0, v1h = 0, v2l = 0, v2h = 0, v3l = 0, v3h = 0] = this.#initial;
    let place = start;
    for (let step = 0; step < wordCount + 2; step += 1) {
      let low = 0;
      let high = 0;
      let rounds = ROUNDS_OF_WORD;
      if (step < wordCount - 1) {
        low = wordAt(bytes, place);
        high = wordAt(bytes, place + 4);
        place += 8;
      } else if (step === wordCount - 1) {
        low = tailAt(bytes, place, end);
        high = tailAt(bytes, place + 4, end) | (size << 24);
      } else {
        rounds = ROUNDS_OF_END;
        if (step === wordCount) v2l ^= 0xee;
        else v1l ^= 0xdd;
      }
      v3l ^= low;
      v3h ^= high;
      for (let round = 0; round < rounds; round += 1) {
        // v0 += v1; v2 += v3
        let sum = (v0l + v1l) | 0;
        v0h = (v0h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v0l = sum;
        sum = (v2l + v3l) | 0;
        v2h = (v2h + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v2l = sum;
        // v1 = (v1 <<< 13) ^ v0; v3 = (v3 <<< 16) ^ v2; v0 <<<= 32
        let turned = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = turned;
        turned = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = turned;
        // v2 += v1; v0 += v3, of which the halves have just changed their places
        sum = (v2l + v1l) | 0;
        v2h = (v2h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v2l = sum;
        sum = (v0h + v3l) | 0;
        v0h = (v0l + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v0l = sum;
        // v1 = (v1 <<< 17) ^ v2; v3 = (v3 <<< 21) ^ v0; v2 <<<= 32
        turned = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = turned;
        turned = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = turned;
        turned = v2l;
        v2l = v2h;
        v2h = turned;
      }
      v0l ^= low;
      v0h ^= high;
      if (step < wordCount) continue;
      const half = (step - wordCount) * 2;
      words[half] = v0l ^ v1l ^ v2l ^ v3l;
      words[half + 1] = v0h ^ v1h ^ v2h ^ v3h;
    }
  }
}

function wordAt(bytes: Buffer, place: number): number {
  return (
    (bytes[place] ?? 0) |
    ((bytes[place + 1] ?? 0) << 8) |
    ((bytes[place + 2] ?? 0) << 16) |
    ((bytes[place + 3] ?? 0) << 24)
  );
}

/** Up to four bytes from `from` on as a little-endian number. */
function tailAt(bytes: Buffer, from: number, end: number): number {
  let word = 0;
  for (let place = from; place < Math.min(from + 4, end); place += 1) {
    word |= (bytes[place] ?? 0) << ((place - from) * 8);
  }
  return word;
}
