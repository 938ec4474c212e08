import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { initProducerId } from '../../../broker/protocol/messages/init-producer-id.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { BatchField } from '../../../broker/records/batch-header.ts';
import type { BatchContent } from '../../../broker/records/builder.ts';
import { buildBatch, compressBatch } from '../../../broker/records/builder.ts';
import {
  PRODUCE_VERSION,
  batchOf,
  makeTopic,
  offsetAt,
  only,
  produceRequest,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';
import { writeRequest } from '../../../broker/protocol/frame.ts';

const LATEST = -1n;

describe('produce', () => {
  const start = testBrokers();
  let broker: TestBroker;
  let client: BrokerConnection;

  beforeEach(async () => {
    broker = await start();
    client = await broker.connect();
    await makeTopic(client, 'orders');
  });

  async function endOffset(topic = 'orders'): Promise<number> {
    return Number((await offsetAt(client, topic, LATEST)).offset);
  }

  it.each([1, -1])(
    'answers acks=%i with the base offset, and what was written is read',
    async (acks) => {
      const first = await produceTo(client, 'orders', batchOf(['a', 'b']), { acks });
      expect(first).toMatchObject({ errorCode: 0, baseOffset: 0n, logStartOffset: 0n });
      const second = await produceTo(client, 'orders', batchOf(['c']), { acks });
      expect(second.baseOffset).toBe(2n);
      expect(await valuesFrom(client, 'orders')).toEqual(['a', 'b', 'c']);
    },
  );

  it('answers nothing to acks=0, and writes', async () => {
    const raw = await broker.raw();
    raw.send(
      request(produceRequest('orders', batchOf(['silent']), { acks: 0 }), 1),
      request(produceRequest('orders', batchOf(['loud']), { acks: 1 }), 2),
    );
    expect((await raw.next())?.readInt32BE(0)).toBe(2);
    expect(raw.receivedSize).toBe(0);
    expect(await valuesFrom(client, 'orders')).toEqual(['silent', 'loud']);
  });

  it('closes the connection of a client that wants no answer when its request fails', async () => {
    const raw = await broker.raw();
    raw.send(request(produceRequest('no-such-topic', batchOf(['x']), { acks: 0 }), 1));
    expect(await raw.next()).toBeNull();
  });

  it('refuses acks that do not exist with INVALID_REQUIRED_ACKS', async () => {
    const answer = await produceTo(client, 'orders', batchOf(['a']), { acks: 2 });
    expect(answer.errorCode).toBe(ErrorCodes.INVALID_REQUIRED_ACKS);
    expect(await endOffset()).toBe(0);
  });

  it('answers UNKNOWN_TOPIC_OR_PARTITION for a topic or partition that is not there', async () => {
    const unknown = ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    expect((await produceTo(client, 'none', batchOf(['a']))).errorCode).toBe(unknown);
    const answer = await produceTo(client, 'orders', batchOf(['a']), { partition: 7 });
    expect(answer.errorCode).toBe(unknown);
  });

  it.each([
    ['a flipped bit in the records', (batch: Buffer) => flip(batch, batch.length - 1)],
    ['a wrong checksum', (batch: Buffer) => flip(batch, BatchField.crc)],
    ['a length beyond the data', (batch: Buffer) => batch.writeInt32BE(1 << 20, BatchField.length)],
    ['a length below the header', (batch: Buffer) => batch.writeInt32BE(3, BatchField.length)],
  ])('answers CORRUPT_MESSAGE to %s and writes nothing', async (_, spoil) => {
    const batch = batchOf(['first', 'second']);
    spoil(batch);
    const answer = await produceTo(client, 'orders', batch);
    expect(answer.errorCode).toBe(ErrorCodes.CORRUPT_MESSAGE);
    expect(answer.baseOffset).toBe(-1n);
    expect(await endOffset()).toBe(0);
    expect(await produceTo(client, 'orders', batchOf(['good']))).toMatchObject({ baseOffset: 0n });
  });

  it('answers MESSAGE_TOO_LARGE past max.message.bytes of the topic, and writes nothing', async () => {
    await makeTopic(client, 'small', { configs: [{ name: 'max.message.bytes', value: '200' }] });
    const answer = await produceTo(client, 'small', batchOf(['x'.repeat(300)]));
    expect(answer.errorCode).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
    expect(await endOffset('small')).toBe(0);
    expect(await produceTo(client, 'small', batchOf(['ok']))).toMatchObject({ errorCode: 0 });
  });

  it('refuses to append to internal topics, except for the admin client', async () => {
    await makeTopic(client, '__consumer_offsets');
    const answer = await produceTo(client, '__consumer_offsets', batchOf(['a']));
    expect(answer.errorCode).toBe(ErrorCodes.INVALID_TOPIC_EXCEPTION);
  });

  it('answers each partition for itself', async () => {
    await makeTopic(client, 'pair', { numPartitions: 2 });
    const corrupt = batchOf(['broken']);
    flip(corrupt, BatchField.crc);
    const answer = await client.send(produce, PRODUCE_VERSION, {
      ...produceRequest('pair', null),
      topicData: [
        {
          name: 'pair',
          partitionData: [
            { index: 0, records: corrupt },
            { index: 1, records: batchOf(['whole']) },
            { index: 2, records: batchOf(['nowhere']) },
          ],
        },
      ],
    });
    const codes = only(answer.responses).partitionResponses.map(({ index, errorCode }) => [
      index,
      errorCode,
    ]);
    expect(codes).toEqual([
      [0, ErrorCodes.CORRUPT_MESSAGE],
      [1, ErrorCodes.NONE],
      [2, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    expect(await valuesFrom(client, 'pair', { partition: 1 })).toEqual(['whole']);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'keeps %s batches as they are',
    async (codec) => {
      const batch = await compressBatch(batchOf(['one', 'two']), codec);
      expect(await produceTo(client, 'orders', batch)).toMatchObject({ errorCode: 0 });
      expect(await valuesFrom(client, 'orders')).toEqual(['one', 'two']);
    },
  );

  it('keeps the order of batches where one has to be decompressed first', async () => {
    await makeTopic(client, 'settings', { configs: [compacted] });
    const large = await compressBatch(keyed(600), 'gzip');
    const small = await compressBatch(keyed(1), 'gzip');
    const answers = await Promise.all(
      [large, keyed(1), small].map((batch) => produceTo(client, 'settings', batch)),
    );
    expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual([
      [0, 0n],
      [0, 600n],
      [0, 601n],
    ]);
    expect(await produceTo(client, 'settings', keyed(1))).toMatchObject({ baseOffset: 602n });
  });

  it('goes on behind a compressed batch that is refused', async () => {
    await makeTopic(client, 'settings', { configs: [compacted] });
    const keyless = await compressBatch(batchOf([randomBytes(600_000)]), 'gzip');
    const [refused, written] = await Promise.all([
      produceTo(client, 'settings', keyless),
      produceTo(client, 'settings', keyed(1)),
    ]);
    expect(refused.errorCode).toBe(ErrorCodes.INVALID_RECORD);
    expect(written).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  describe('of idempotent producers', () => {
    async function producerId(): Promise<number> {
      const answer = await client.send(initProducerId, 4, {
        ...initProducerId.request.initial,
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1n,
        producerEpoch: -1,
      });
      expect(answer.errorCode).toBe(0);
      return Number(answer.producerId);
    }

    function from(id: number, baseSequence: number, values: readonly string[]): Buffer {
      return batchOf(values, { producer: { id, epoch: 0, baseSequence } });
    }

    it('gives every producer an id of its own', async () => {
      const ids = await Promise.all([producerId(), producerId(), producerId()]);
      expect(new Set(ids).size).toBe(3);
    });

    it('answers a batch that is sent again with its first offset, and writes it once', async () => {
      const id = await producerId();
      expect(await produceTo(client, 'orders', from(id, 0, ['a', 'b']))).toMatchObject({
        errorCode: 0,
      });
      expect(await produceTo(client, 'orders', from(id, 2, ['c']))).toMatchObject({
        baseOffset: 2n,
      });
      const again = await produceTo(client, 'orders', from(id, 0, ['a', 'b']));
      expect(again).toMatchObject({ errorCode: 0, baseOffset: 0n });
      expect(await valuesFrom(client, 'orders')).toEqual(['a', 'b', 'c']);
    });

    it('takes a batch that follows one which is still decompressed', async () => {
      await makeTopic(client, 'settings', { configs: [compacted] });
      const producer = { id: await producerId(), epoch: 0 };
      const large = await compressBatch(keyed(600, { ...producer, baseSequence: 0 }), 'gzip');
      const answers = await Promise.all([
        produceTo(client, 'settings', large),
        produceTo(client, 'settings', keyed(1, { ...producer, baseSequence: 600 })),
      ]);
      expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual([
        [0, 0n],
        [0, 600n],
      ]);
    });

    it('answers OUT_OF_ORDER_SEQUENCE_NUMBER when one in between is missing', async () => {
      const id = await producerId();
      await produceTo(client, 'orders', from(id, 0, ['a']));
      const answer = await produceTo(client, 'orders', from(id, 5, ['f']));
      expect(answer.errorCode).toBe(ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
      expect(await endOffset()).toBe(1);
    });
  });
});

const compacted = { name: 'cleanup.policy', value: 'compact' };

/** Of values that do not shrink: what is small is decompressed at once. */
function keyed(count: number, producer?: BatchContent['producer']): Buffer {
  const records = Array.from({ length: count }, (_, index) => ({
    key: Buffer.from(String(index)),
    value: randomBytes(1000),
    timestampMs: 1_700_000_000_000,
    headers: [],
  }));
  return buildBatch({ records, ...(producer === undefined ? {} : { producer }) });
}

function request(body: ReturnType<typeof produceRequest>, correlationId: number): Buffer {
  return writeRequest(produce, PRODUCE_VERSION, { correlationId, clientId: 'raw' }, body);
}

function flip(batch: Buffer, position: number): void {
  batch.writeUInt8(batch.readUInt8(position) ^ 0xff, position);
}
