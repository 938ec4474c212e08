/**
 * Ids for idempotent producers, taken in blocks of a thousand from /latest_producer_id_block by
 * compare-and-set, as every broker of Apache Kafka below inter.broker.protocol.version 3.0 does.
 * Invariant: no id is given twice in a cluster.
 */

import { SerialQueue } from '../platform/serial-queue.ts';
import { paths } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
} from '../zookeeper/znodes/producer-id-block.ts';

const BLOCK_SIZE = 1000n;
const LAST_ID = 2n ** 63n - 1n;

export class ProducerIds {
  readonly #brokerId: number;
  readonly #session: () => ZooKeeperSession;
  readonly #queue = new SerialQueue();
  #next = 0n;
  #last = -1n;

  constructor(brokerId: number, session: () => ZooKeeperSession) {
    this.#brokerId = brokerId;
    this.#session = session;
  }

  /** Rejects with a ZooKeeperError if a new block is needed and cannot be had. */
  next(): Promise<bigint> {
    return this.#queue.run(async () => {
      if (this.#next > this.#last) await this.#takeBlock();
      const id = this.#next;
      this.#next += 1n;
      return id;
    });
  }

  async #takeBlock(): Promise<void> {
    const session = this.#session();
    const path = paths.producerIdBlock;
    for (;;) {
      const node = await session.get(path);
      const before = node === null ? null : decodeProducerIdBlock(node.data, path);
      const first = (before?.last ?? -1n) + 1n;
      const last = first + BLOCK_SIZE - 1n;
      if (last > LAST_ID) throw new Error('all producer ids have been given');
      const block = encodeProducerIdBlock({ brokerId: this.#brokerId, first, last });
      try {
        if (node === null) await session.create(path, block);
        else await session.set(path, block, node.stat.version);
      } catch (error) {
        if (isTaken(error)) continue;
        throw error;
      }
      this.#next = first;
      this.#last = last;
      return;
    }
  }
}

/** Another broker was faster. */
function isTaken(error: unknown): boolean {
  return error instanceof ZooKeeperError && ['BAD_VERSION', 'NODE_EXISTS'].includes(error.code);
}
