import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { IndexCache } from '../../../../broker/log/index/index-cache.ts';
import { AbortedInRange } from '../../../../broker/log/transactions/aborted-in-range.ts';
import type { AbortedTransaction } from '../../../../broker/log/transactions/aborted-transaction.ts';
import {
  decodeAborted,
  encodeAborted,
} from '../../../../broker/log/transactions/aborted-transaction.ts';
import { TransactionIndex } from '../../../../broker/log/transactions/transaction-index.ts';
import { FOLDER, LogFixture } from '../log-fixture.ts';

const NAME = '00000000000000000000.txnindex';
const PATH = `${FOLDER}/${NAME}`;

/** The n-th of transactions that follow each other: records at 2n, the marker at 2n + 1. */
const nth = (n: number): AbortedTransaction => ({
  producerId: n % 7,
  firstOffset: 2 * n,
  lastOffset: 2 * n + 1,
  lastStableOffset: 2 * n + 2,
});

class CountingCache extends IndexCache {
  readonly bytes = new Map<unknown, number>();

  override touch(owner: { dropIndexes(): void }, bytes: number): void {
    this.bytes.set(owner, bytes);
    super.touch(owner, bytes);
  }
}

async function indexOf(count: number): Promise<{
  readonly fixture: LogFixture;
  readonly index: TransactionIndex;
  readonly cache: CountingCache;
}> {
  const fixture = new LogFixture();
  const entries = Array.from({ length: count }, (_, n) => nth(n));
  if (count > 0) await fixture.write(NAME, encodeAborted(entries));
  else await fixture.fileSystem.makeFolder(FOLDER);
  const cache = new CountingCache(1 << 20);
  const { fileSystem } = fixture;
  const index = new TransactionIndex({
    path: PATH,
    baseOffset: 0,
    settled: () => Promise.resolve(),
    fileSystem,
    indexes: cache,
  });
  return { fixture, index, cache };
}

async function collected(
  index: TransactionIndex,
  from: number,
  upperBound: number,
): Promise<readonly AbortedTransaction[]> {
  const found = new AbortedInRange({ from, upperBound });
  await index.collect(found);
  return found.transactions;
}

describe('the entries of a .txnindex file', () => {
  it('are those of Apache Kafka 3.9 to the byte', () => {
    const golden = JSON.parse(
      readFileSync('test/golden/log/kafka-3.9-partition.json', 'utf8'),
    ) as Record<string, string>;
    const bytes = Buffer.from(golden['00000000000000000020.txnindex'] ?? '', 'hex');
    const entry = { producerId: 2005, firstOffset: 22, lastOffset: 23, lastStableOffset: 24 };
    expect(decodeAborted(bytes, 0)).toEqual(entry);
    expect(encodeAborted([entry])).toEqual(bytes);
  });
});

describe('the transaction index of a segment', () => {
  it('gives what reaches into a range, by few pages of a large file', async () => {
    const { index, cache } = await indexOf(20_000);
    expect(await collected(index, 0, 5)).toEqual([nth(0), nth(1), nth(2)]);
    expect(await collected(index, 30_001, 30_004)).toEqual([nth(15_000), nth(15_001)]);
    expect(await collected(index, 39_999, 50_000)).toEqual([nth(19_999)]);
    expect(await collected(index, 40_000, 50_000)).toEqual([]);
    expect(await collected(index, 0, 40_000)).toHaveLength(20_000);
    for (const bytes of cache.bytes.values()) expect(bytes).toBeLessThan(300_000);
  });

  it('answers at once where there is nothing, once the file was looked at', async () => {
    const { index } = await indexOf(0);
    expect(await index.problem()).toBeNull();
    expect(index.collect(new AbortedInRange({ from: 0, upperBound: 10 }))).toBeUndefined();
  });

  it('has a file from the first entry that is saved on, and none after the last was cut', async () => {
    const { fixture, index } = await indexOf(0);
    await index.save();
    expect([...(await fixture.files()).keys()]).toEqual([]);
    for (let n = 0; n < 1500; n += 1) index.add(nth(n));
    await index.save();
    index.add(nth(1500));
    await index.save();
    expect((await fixture.files()).get(NAME)).toBe(1501 * 34);
    await index.truncateTo(2500);
    expect((await fixture.files()).get(NAME)).toBe(1250 * 34);
    index.add(nth(1250));
    expect(await collected(index, 2490, 9999)).toEqual(
      [1245, 1246, 1247, 1248, 1249, 1250].map(nth),
    );
    await index.truncateTo(1);
    expect(await collected(index, 0, 9999)).toEqual([]);
    expect([...(await fixture.files()).keys()]).toEqual([]);
  });

  it('loses nothing when entries are added, and read, while others are saved', async () => {
    const { fixture, index } = await indexOf(2000);
    fixture.fileSystem.slowWrites = true;
    const all: AbortedTransaction[] = Array.from({ length: 2000 }, (_, n) => nth(n));
    for (let n = 2000; n < 2300; n += 1) {
      index.add(nth(n));
      all.push(nth(n));
      const saving = index.save();
      const reading = collected(index, 2 * n - 1200, 2 * n + 2);
      expect(await reading).toEqual(all.slice(n - 600));
      await saving;
    }
    expect((await fixture.files()).get(NAME)).toBe(2300 * 34);
  });

  it.each([
    ['ends within an entry', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['has an unknown version', (bytes: Buffer) => bytes.fill(1, 0, 2)],
    ['has entries out of order', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ['is of another segment', (bytes: Buffer) => bytes.fill(0xff, 10, 34)],
    [
      'is full of zeros behind its entries',
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(68)]),
    ],
  ])('is refused where it %s', async (_, damage) => {
    const { fixture, index } = await indexOf(0);
    await fixture.write(NAME, damage(encodeAborted([nth(0), nth(1), nth(2)])));
    expect(await index.problem()).toContain('is damaged');
    await expect(collected(index, 0, 10)).rejects.toThrow('is damaged');
  });
});
