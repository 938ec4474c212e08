/** kafkajs with the codecs that it has a place for but does not bring, and without its log. */

import type { KafkaConfig } from 'kafkajs';
import kafkajs, { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { compress, decompress } from '../../../broker/records/compression.ts';

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
