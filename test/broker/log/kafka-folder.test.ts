import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { decodeEpochs, encodeEpochs } from '../../../broker/log/checkpoint/epoch-checkpoint.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../broker/log/state/producer-snapshot.ts';
import { readBatchHeader } from '../../../broker/records/batch-header.ts';
import { readRecords } from '../../../broker/records/record-reader.ts';
import { LogFixture, readAll } from './log-fixture.ts';

/** A folder written by Apache Kafka 3.9.1 and stopped cleanly: file name to bytes in hex. */
const golden = new Map<string, Buffer>(
  Object.entries(
    JSON.parse(readFileSync('test/golden/log/kafka-3.9-partition.json', 'utf8')) as Record<
      string,
      string
    >,
  ).map(([name, hex]) => [name, Buffer.from(hex, 'hex')]),
);
const bytesOf = (name: string): Buffer => golden.get(name) ?? Buffer.alloc(0);
const names = (suffix: string) => [...golden.keys()].filter((name) => name.endsWith(suffix));
const LOGS = names('.log');
const ALL_BATCHES = Buffer.concat(LOGS.map(bytesOf));
const CONFIG = {
  segmentBytes: 700,
  segmentMs: 7 * 24 * 3_600_000,
  indexIntervalBytes: 200,
  segmentIndexBytes: 10 << 20,
};

async function fixtureWithGolden(): Promise<LogFixture> {
  const fixture = new LogFixture();
  fixture.time.ms = 1_700_000_001_000;
  for (const [name, bytes] of golden) await fixture.write(name, bytes);
  return fixture;
}

describe('a folder of Apache Kafka 3.9', () => {
  it('is opened after a clean stop and read as it is', async () => {
    const fixture = await fixtureWithGolden();
    const log = await fixture.open(CONFIG, { isClean: true, recoveryPoint: 26 });
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 26]);
    expect(log.topicId).toBe('sE3QenSuSRiAXuyWvnnudA');
    expect(log.latestEpoch).toBe(0);
    expect(log.activeProducerCount).toBe(6);
    expect(log.transactions.firstUnstableOffset).toBeNull();
    expect(await readAll(log)).toEqual(ALL_BATCHES);
    expect(await log.offsetForTimestamp(1_700_000_002_000)).toMatchObject({ offset: 2 });
    expect(await log.offsetForTimestamp(1_700_000_002_001)).toMatchObject({ offset: 20 });
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 25 });
    await log.close();
    for (const [name, bytes] of golden)
      expect([name, await fixture.read(name)]).toEqual([name, bytes]);
  });

  it('has every index and producer snapshot built anew as it was, when nothing is believed', async () => {
    const fixture = await fixtureWithGolden();
    for (const name of [...names('index'), ...names('.snapshot')]) {
      await fixture.write(name, Buffer.alloc(48));
    }
    const log = await fixture.open(CONFIG);
    await log.close();
    for (const [name, bytes] of golden)
      expect([name, asKafkaHasIt(name, await fixture.read(name))]).toEqual([name, bytes]);
  });

  it('is written to the byte when the same batches are appended here', async () => {
    const fixture = new LogFixture();
    fixture.time.ms = 1_700_000_001_000;
    const log = await fixture.open(CONFIG);
    for (let position = 0; position < ALL_BATCHES.length;) {
      const header = readBatchHeader(ALL_BATCHES, position);
      const end = position + header.sizeInBytes;
      const buffer = Buffer.from(ALL_BATCHES.subarray(position, end));
      await log.appendAsFollower({ buffer, headers: [header] }).written;
      position = end;
    }
    await log.close();
    const written = [...(await fixture.files()).keys()];
    expect(written).toEqual([...golden.keys()].filter((name) => !name.endsWith('metadata')).sort());
    for (const name of written)
      expect([name, asKafkaHasIt(name, await fixture.read(name))]).toEqual([name, bytesOf(name)]);
  });

  it('has records that can be read, whatever their codec', async () => {
    const values: string[] = [];
    for (let position = 0; position < ALL_BATCHES.length;) {
      const header = readBatchHeader(ALL_BATCHES, position);
      if (!header.isControl) {
        const records = await readRecords(ALL_BATCHES, position);
        values.push(...records.map(({ key, value }) => String(value ?? key)));
      }
      position += header.sizeInBytes;
    }
    expect(values).toHaveLength(23);
    expect(values).toContain('value-zstd-value-zstd-2');
  });

  it('has snapshots and epochs that are the same after a round trip', () => {
    for (const name of names('.snapshot')) {
      const producers = decodeSnapshot(bytesOf(name));
      expect(typeof producers === 'string' ? producers : encodeSnapshot(producers)).toEqual(
        bytesOf(name),
      );
    }
    const epochs = decodeEpochs(bytesOf('leader-epoch-checkpoint'));
    expect(encodeEpochs(epochs ?? [])).toEqual(bytesOf('leader-epoch-checkpoint'));
  });

  it.each([
    ['a torn last batch', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1), 25],
    ['a damaged byte', (bytes: Buffer) => flipped(bytes, 100), 21],
    ['garbage behind it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(200, 7)]), 26],
    ['zeros behind it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(500)]), 26],
  ])('is cut back to its last whole batch when it has %s', async (_what, damage, endOffset) => {
    const fixture = await fixtureWithGolden();
    const last = '00000000000000000020.log';
    await fixture.write(last, damage(bytesOf(last)));
    const log = await fixture.open(CONFIG, { recoveryPoint: 22 });
    expect(log.logEndOffset).toBe(endOffset);
    const bytes = await readAll(log);
    expect(ALL_BATCHES.subarray(0, bytes.length)).toEqual(bytes);
    await log.close();
  });

  it('loses what lies behind a damaged segment, and only that', async () => {
    const fixture = await fixtureWithGolden();
    const name = '00000000000000000011.log';
    await fixture.write(name, flipped(bytesOf(name), 300));
    const log = await fixture.open(CONFIG, { recoveryPoint: 12 });
    expect([log.logEndOffset, log.segmentBaseOffsets]).toEqual([15, [0, 11]]);
    await log.close();
    const left = [...(await fixture.files()).keys()].join();
    expect(left).not.toContain('0020');
    expect(left).toContain('00000000000000000015.snapshot');
  });

  it('builds a missing or damaged index anew when a reader needs it', async () => {
    const fixture = await fixtureWithGolden();
    await fixture.fileSystem.remove('/data/topic-0/00000000000000000000.index');
    await fixture.write('00000000000000000011.timeindex', Buffer.alloc(24, 1));
    const log = await fixture.open(CONFIG, { isClean: true, recoveryPoint: 26 });
    expect(await readAll(log)).toEqual(ALL_BATCHES);
    await log.close();
    for (const name of ['00000000000000000000.index', '00000000000000000011.timeindex']) {
      expect(await fixture.read(name)).toEqual(bytesOf(name));
    }
  });
});

/** Of each producer it keeps the last batch alone; ours has up to four before it, in front. */
function asKafkaHasIt(name: string, bytes: Buffer): Buffer {
  if (!name.endsWith('.snapshot')) return bytes;
  const producers = decodeSnapshot(bytes);
  if (typeof producers === 'string') return bytes;
  const last = new Map(producers.map((producer) => [producer.producerId, producer]));
  return encodeSnapshot([...last.values()]);
}

function flipped(bytes: Buffer, position: number): Buffer {
  const damaged = Buffer.from(bytes);
  damaged[position] = (damaged[position] ?? 0) ^ 0x10;
  return damaged;
}
