/**
 * /latest_producer_id_block: the last block of producer ids that a broker has taken; both ends belong
 * to the block and are written as text. Ids may pass 2^53, so they are bigint.
 *
 * We make the node together with the first block. Apache Kafka makes it without data, and would fail
 * on one of no bytes, which is all that the client package can write.
 */

import { ZnodeFormatError, encodeZnode, parseZnode } from './json.ts';

export interface ProducerIdBlock {
  readonly brokerId: number;
  readonly first: bigint;
  readonly last: bigint;
}

export function encodeProducerIdBlock(block: ProducerIdBlock): Buffer {
  return encodeZnode({
    version: 1,
    broker: block.brokerId,
    block_start: String(block.first),
    block_end: String(block.last),
  });
}

/** Null where no block has been taken yet: the node then has no data. */
export function decodeProducerIdBlock(data: Buffer | null, path: string): ProducerIdBlock | null {
  if (data === null) return null;
  const root = parseZnode(data, path);
  const read = (key: string): bigint => {
    const text = root.text(key);
    if (!/^\d{1,19}$/.test(text)) throw new ZnodeFormatError(path, `${key} '${text}' is not an id`);
    return BigInt(text);
  };
  return { brokerId: root.integer('broker'), first: read('block_start'), last: read('block_end') };
}
