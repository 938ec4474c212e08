import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rebaseTimestamps } from '../../../../../broker/log/compaction/rewriting/timestamp-deltas.ts';

/** A zigzag varint, bit by bit. */
function varlong(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  do {
    const more = rest >= 0x80n ? 0x80 : 0;
    bytes.push(Number(rest & 0x7fn) | more);
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

function record(delta: bigint, rest: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from([0]), varlong(delta), rest]);
  return Buffer.concat([varlong(BigInt(body.length)), body]);
}

describe('records with another base timestamp', () => {
  it('have exactly the times they had, whatever 64 bits can say', () => {
    const contents = fc.array(
      fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.uint8Array()),
    );
    const shifts = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(contents, shifts, (records, shift) => {
        const before = Buffer.concat(records.map(([delta, rest]) => record(delta, rest)));
        const after = records.map(([delta, rest]) =>
          record(BigInt.asIntN(64, delta + shift), rest),
        );
        expect(rebaseTimestamps(before, records.length, shift)).toEqual(Buffer.concat(after));
      }),
    );
  });
});
