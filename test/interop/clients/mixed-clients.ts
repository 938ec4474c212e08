/* eslint-disable jest/no-export -- a part of the scenario that clients.test.ts puts together */
/** One topic that every client writes to in every compression, and that every client reads. */

import { beforeAll, describe, expect, it } from '@jest/globals';
import { CompressionTypes } from 'kafkajs';
import type { Cluster } from '../support/cluster.ts';
import { kafkaVersions } from '../support/java.ts';
import { runJavaClient } from '../support/java-client.ts';
import { kafkaJs, readToCount } from '../support/kafkajs-client.ts';
import { Kcat } from '../support/kcat.ts';
import type { TextRecord } from '../support/records.ts';
import { linesOf, parseLines, valuesByKey } from '../support/records.ts';

const topic = 'mixed';
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const perCodec = 20;

export function mixedClients(cluster: () => Cluster): void {
  describe('what every client has written', () => {
    const written: TextRecord[] = [];

    beforeAll(async () => {
      const { bootstrap } = cluster();
      await createTopic(bootstrap);
      for (const codec of codecs) {
        written.push(...(await writeByKafkaJs(bootstrap, codec)));
        written.push(...(await writeByKcat(bootstrap, codec)));
      }
      for (const version of kafkaVersions) written.push(...(await writeByJava(bootstrap, version)));
    });

    it('is read by kafkajs', async () => {
      const read = await readToCount(cluster().bootstrap, { topic, count: written.length });
      expect(valuesByKey(read)).toEqual(valuesByKey(written));
    });

    it('is read by librdkafka, without a group and in one', async () => {
      const kcat = new Kcat(cluster().bootstrap);
      expect(valuesByKey(await kcat.consume(topic))).toEqual(valuesByKey(written));
      const inGroup = await kcat.consumeInGroup(topic, 'mixed-kcat');
      expect(valuesByKey(inGroup)).toEqual(valuesByKey(written));
    });

    it.each(kafkaVersions)('is read by the Java client %s', async (version) => {
      const args = [topic, `mixed-${version}`, String(written.length)];
      const { stdout } = await runJavaClient(version, ['consume', cluster().bootstrap, ...args]);
      expect(valuesByKey(parseLines(stdout))).toEqual(valuesByKey(written));
    });
  });
}

/** Keys are a writer's own, so that the order within a key is the writer's. */
function recordsOf(writer: string, codec: string): readonly TextRecord[] {
  return Array.from({ length: perCodec }, (_, index) => ({
    key: `${writer}-${codec}-${String(index % 3)}`,
    value: `value ${String(index)} in ${codec}`,
  }));
}

async function createTopic(bootstrap: string): Promise<void> {
  const admin = kafkaJs(bootstrap).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
  await admin.disconnect();
}

async function writeByKafkaJs(
  bootstrap: string,
  codec: (typeof codecs)[number],
): Promise<readonly TextRecord[]> {
  const messages = recordsOf('kafkajs', codec);
  const producer = kafkaJs(bootstrap).producer();
  await producer.connect();
  await producer.send({ topic, compression: compressionTypes[codec], messages: [...messages] });
  await producer.disconnect();
  return messages;
}

async function writeByKcat(bootstrap: string, codec: string): Promise<readonly TextRecord[]> {
  const records = recordsOf('kcat', codec);
  await new Kcat(bootstrap).produce(topic, records, ['-z', codec]);
  return records;
}

async function writeByJava(
  bootstrap: string,
  version: (typeof kafkaVersions)[number],
): Promise<readonly TextRecord[]> {
  const perCodecRecords = codecs.map((codec) => ({ codec, records: recordsOf(version, codec) }));
  const lines = perCodecRecords.flatMap(({ codec, records }) =>
    records.map(({ key, value }) => `${codec}:${key}:${value}\n`),
  );
  const { stdout } = await runJavaClient(version, ['produce', bootstrap, topic], lines.join(''));
  expect(linesOf(stdout)).toEqual([`${String(lines.length)} acknowledged`]);
  return perCodecRecords.flatMap(({ records }) => records);
}

const compressionTypes = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const;
