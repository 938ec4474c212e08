/* eslint-disable jest/no-export -- a part of the scenario that console-tools.test.ts puts together */
/** Every compression and every acks of the console producers, read by the console consumers. */

import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { consumeKeyed, produceKeyed } from '../support/console.ts';
import { kafkaVersions } from '../support/java.ts';
import { textRecords } from '../support/records.ts';
import { KafkaTools } from '../support/kafka-tool.ts';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export function compressionAndAcks(cluster: () => Cluster): void {
  describe.each(kafkaVersions)('the console producer of Kafka %s', (version) => {
    it.each(codecs)(
      'writes with compression %s what every console consumer reads',
      async (codec) => {
        const topic = `packed-${version}-${codec}`;
        const records = textRecords(`${version}-${codec}`, 200);
        const writer = new KafkaTools(version, cluster().bootstrap);
        await produceKeyed(writer, topic, records, ['--compression-codec', codec]);
        // Each codec meets each reader once, over the versions of the producers.
        const reader =
          kafkaVersions[(codecs.indexOf(codec) + kafkaVersions.indexOf(version)) % 3] ?? version;
        const tools = new KafkaTools(reader, cluster().bootstrap);
        expect(await consumeKeyed(tools, topic, ['--max-messages', '200'])).toEqual(records);
      },
    );

    it.each(['0', '1', 'all'])('writes with acks=%s', async (acks) => {
      const topic = `acks-${version}-${acks}`;
      const records = textRecords(`${version}-${acks}`, 50);
      const tools = new KafkaTools(version, cluster().bootstrap);
      await tools.output('topics', ['--create', '--topic', topic]);
      await produceKeyed(tools, topic, records, ['--request-required-acks', acks]);
      expect(await consumeKeyed(tools, topic, ['--max-messages', '50'])).toEqual(records);
    });
  });
}
