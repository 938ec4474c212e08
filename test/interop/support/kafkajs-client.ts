/** kafkajs with the codecs that it has a place for but does not bring, and without its log. */

import { randomUUID } from 'node:crypto';
import type { KafkaConfig } from 'kafkajs';
import kafkajs, { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { compress, decompress } from '../../../broker/records/compression.ts';
import type { TextRecord } from './records.ts';

/** Of the package's own module, because its types leave the last two out. */
const codecs: Record<number, () => Codec> = kafkajs.CompressionCodecs;

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}

codecs[CompressionTypes.Snappy] = codec('snappy');
codecs[CompressionTypes.LZ4] = codec('lz4');
codecs[CompressionTypes.ZSTD] = codec('zstd');

function codec(name: 'snappy' | 'lz4' | 'zstd'): () => Codec {
  return () => ({
    compress: ({ buffer }) => compress(name, buffer),
    decompress: (data) => decompress(name, data),
  });
}

/** Clients that give up within a test's time. */
export function kafkaJs(bootstrap: string, options: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: bootstrap.split(','),
    clientId: 'interop',
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 12 },
    ...options,
  });
}

/** Reads a topic from its beginning in a group, until it has as many records as asked for; commits. */
export async function readToCount(
  bootstrap: string,
  wanted: { readonly topic: string; readonly count: number; readonly group?: string },
): Promise<readonly TextRecord[]> {
  const { topic, count, group = `count-${randomUUID()}` } = wanted;
  // Leaving waits for the fetch under way.
  const consumer = kafkaJs(bootstrap).consumer({ groupId: group, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const records: TextRecord[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      void consumer.run({
        eachMessage: ({ message }) => {
          records.push({ key: textOf(message.key), value: textOf(message.value) });
          if (records.length === count) resolve();
          return Promise.resolve();
        },
      });
    });
  } finally {
    // Leaving commits what was read.
    await consumer.disconnect();
  }
  return records;
}

function textOf(data: Buffer | null): string {
  return data?.toString('utf8') ?? '';
}
