import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { oldMessage } from '../../../support/old-messages.ts';
import { batchOf, FOLDER, LogFixture, readAll } from '../log-fixture.ts';

const CONFIG = { segmentBytes: 1200, indexIntervalBytes: 200 };

/** Where each batch ends in what is read from the start of the log, and the offset behind it. */
interface Whole {
  readonly bytes: Buffer;
  readonly ends: ReadonlyMap<number, number>;
}

async function crashed(): Promise<{ readonly fixture: LogFixture; readonly whole: Whole }> {
  const fixture = new LogFixture();
  const parts = [0, 1, 2].map((offset) =>
    oldMessage({ magic: 1, offset, timestampMs: 5, value: 'x'.repeat(60) }),
  );
  await fixture.write('00000000000000000000.log', Buffer.concat(parts));
  const log = await fixture.open(CONFIG);
  for (let index = 0; index < 14; index += 1) {
    const producer = { id: index % 3, epoch: 0, baseSequence: Math.floor(index / 3) };
    const batch = batchOf({ size: 20 + index * 10, timestampMs: 1000 + index, producer });
    await log.append(batch, { leaderEpoch: index >> 1 }).written;
    parts.push(batch.buffer);
  }
  await fixture.crash(true);
  const ends = new Map([[0, 0]]);
  let size = 0;
  for (const [index, part] of parts.entries()) ends.set((size += part.length), index + 1);
  return { fixture, whole: { bytes: Buffer.concat(parts), ends } };
}

/** Damage to one file: which one, where, and what. */
const damage = fc.record({
  file: fc.nat(),
  place: fc.double({ min: 0, max: 0.999999, noNaN: true }),
  kind: fc.constantFrom('flip', 'zeros', 'random', 'cut', 'gone', 'longer'),
  seed: fc.integer({ min: 1, max: 255 }),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Buffer, { place, kind, seed }: Damage): Buffer {
  const at = Math.floor(place * bytes.length);
  const changed = Buffer.from(bytes);
  switch (kind) {
    case 'flip':
      if (bytes.length > 0) changed.writeUInt8(changed.readUInt8(at) ^ seed, at);
      return changed;
    case 'zeros':
      return changed.fill(0, at);
    case 'random':
      return changed.fill(seed, at, Math.min(changed.length, at + seed));
    case 'cut':
      return changed.subarray(0, at);
    case 'longer':
      return Buffer.concat([changed, Buffer.alloc(seed, seed)]);
    default:
      return Buffer.alloc(0);
  }
}

async function apply(fixture: LogFixture, change: Damage): Promise<void> {
  const names = (await fixture.fileSystem.list(FOLDER)).filter((it) => !it.startsWith('partition'));
  const name = names[change.file % names.length] ?? '';
  const bytes = await fixture.read(name);
  if (change.kind === 'gone') await fixture.fileSystem.remove(`${FOLDER}/${name}`);
  else await fixture.write(name, damaged(bytes, change));
}

/** The bytes that no checksum covers: base offset and leader epoch, which are checked only by order. */
function withoutUnchecked(bytes: Buffer): Buffer {
  const masked = Buffer.from(bytes);
  for (let at = 0; at + 17 <= masked.length;) {
    const size = 12 + masked.readInt32BE(at + 8);
    masked.fill(0, at, at + 8);
    if (masked.readInt8(at + 16) === 2) masked.fill(0, at + 12, at + 16);
    at += size;
  }
  return masked;
}

describe('recovery of damaged files', () => {
  it('never fails, and leaves whole batches from a segment’s start on, which can be appended to', async () => {
    const checked = fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (changes) => {
        const { fixture, whole } = await crashed();
        for (const change of changes) await apply(fixture, change);
        const log = await fixture.open(CONFIG);
        const bytes = withoutUnchecked(await readAll(log));
        const expected = withoutUnchecked(whole.bytes);
        const start = bytes.length === 0 ? 0 : expected.indexOf(bytes.subarray(0, 60));
        expect(whole.ends.has(start)).toBe(true);
        expect(bytes).toEqual(expected.subarray(start, start + bytes.length));
        expect(whole.ends.has(start + bytes.length)).toBe(true);
        const batch = batchOf({ tag: 'after' });
        const { baseOffset, written } = log.append(batch, { leaderEpoch: 1_000_000 });
        await written;
        expect(await readAll(log, { from: baseOffset })).toEqual(batch.buffer);
        await log.close();
      }),
      { numRuns: 150, includeErrorInReport: true },
    );
    await expect(checked).resolves.toBeUndefined();
  }, 60_000);
});
