import { describe, expect, it } from '@jest/globals';
import { KeyHasher } from '../../../../../broker/log/compaction/rewriting/key-hash.ts';
import { OffsetMap } from '../../../../../broker/log/compaction/rewriting/offset-map.ts';
import { seededRandom } from '../../log-fixture.ts';

const counting = Buffer.from(Array.from({ length: 64 }, (_, index) => index));

function hashOf(hasher: KeyHasher, bytes: Buffer): string {
  hasher.hash(bytes, 0, bytes.length);
  const words = Buffer.alloc(16);
  hasher.words.forEach((word, index) => words.writeInt32LE(word, index * 4));
  return words.toString('hex');
}

describe('the hash of keys', () => {
  it.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [16, '6ee2a4ca67b054bbfd3315bf85230577'],
    [63, '5150d1772f50834a503e069a973fbd7c'],
  ])('is SipHash-2-4-128, here of %i bytes', (size, expected) => {
    const hasher = new KeyHasher(counting.subarray(0, 16));
    expect(hashOf(hasher, counting.subarray(0, size))).toBe(expected);
  });

  it('is another one with another secret', () => {
    const [one, other] = [1, 2].map((seed) => new KeyHasher(seededRandom(seed).bytes(16)));
    expect(one && hashOf(one, counting)).not.toBe(other && hashOf(other, counting));
  });
});

describe('the table of keys', () => {
  const hasher = new KeyHasher(counting.subarray(0, 16));

  it('agrees with a plain map, up to its bound', () => {
    const map = new OffsetMap({ hasher, bytesMax: 24 * 1000, loadFactor: 0.9, keysMax: 1e9 });
    const model = new Map<string, number>();
    const random = seededRandom(3);
    for (let offset = 1e10; !map.isFull; offset += 1) {
      const key = `key ${String(random.integer(2000))}`;
      const bytes = Buffer.from(`..${key}`);
      map.put(bytes, { start: 2, end: bytes.length }, offset);
      model.set(key, offset);
    }
    expect(map.count).toBe(900);
    expect(map.utilization).toBe(1);
    for (let number = 0; number < 2000; number += 1) {
      const key = `key ${String(number)}`;
      const bytes = Buffer.from(key);
      expect(map.get(bytes, 0, bytes.length)).toBe(model.get(key) ?? -1);
    }
  });

  it('has room for as many keys as can come, and takes no more memory', () => {
    const map = new OffsetMap({ hasher, bytesMax: 1e9, loadFactor: 0.9, keysMax: 100 });
    for (let offset = 0; offset < 100; offset += 1) {
      expect(map.isFull).toBe(false);
      map.put(Buffer.from(String(offset)), { start: 0, end: 3 }, offset);
    }
    expect(map.utilization).toBeGreaterThan(0.9);
  });
});
