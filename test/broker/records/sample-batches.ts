/**
 * Batches that Apache Kafka's own Java client and broker 3.9.1 wrote: for each codec an idempotent
 * producer's batch of three (header h = 0102) and one with a null value, then transactions.
 */

import { readFileSync } from 'node:fs';
import { peekBatchSize } from '../../../broker/records/batch-header.ts';

/** Every batch of the sample, in the order of offsets. */
export function sampleBatches(): readonly Buffer[] {
  const file = new URL('../../golden/records/sample-partition.json', import.meta.url);
  const segments: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof segments !== 'object' || segments === null) throw new Error('not an object');
  return Object.entries(segments)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, hex]) => split(Buffer.from(String(hex), 'hex')));
}

function split(segment: Buffer): readonly Buffer[] {
  const batches: Buffer[] = [];
  for (let position = 0; position < segment.length;) {
    const size = peekBatchSize(segment, position);
    batches.push(segment.subarray(position, position + size));
    position += size;
  }
  return batches;
}
