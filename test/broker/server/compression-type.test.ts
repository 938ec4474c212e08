import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { CODECS, readBatchHeader } from '../../../broker/records/batch-header.ts';
import { compressBatch } from '../../../broker/records/builder.ts';
import {
  batchOf,
  fetchFrom,
  fetchRequest,
  makeTopic,
  only,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import { testBrokers } from '../../support/test-broker.ts';

const withConfigs = (configs: Readonly<Record<string, string>>) => ({
  configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
});

describe('a topic with a compression.type', () => {
  const start = testBrokers();
  let client: BrokerConnection;

  beforeEach(async () => {
    client = await (await start()).connect();
  });

  it.each([
    ['uncompressed', 'none'],
    ['gzip', 'gzip'],
    ['snappy', 'snappy'],
    ['lz4', 'lz4'],
    ['zstd', 'zstd'],
  ])('%s keeps its batches so, whatever comes in', async (type, codec) => {
    await makeTopic(client, 'orders', withConfigs({ 'compression.type': type }));
    for (const own of CODECS) {
      const batch = await compressBatch(batchOf([`${own}-1`, `${own}-2`]), own);
      expect((await produceTo(client, 'orders', batch)).errorCode).toBe(ErrorCodes.NONE);
    }
    const { records } = await fetchFrom(client, 'orders');
    const bytes = Buffer.concat((records ?? []).filter((part) => Buffer.isBuffer(part)));
    for (let position = 0; position < bytes.length;) {
      const header = readBatchHeader(bytes, position);
      expect(header.compression).toBe(codec);
      position += header.sizeInBytes;
    }
    const values = await valuesFrom(client, 'orders');
    expect(values).toEqual(CODECS.flatMap((own) => [`${own}-1`, `${own}-2`]));
  });

  it('keeps the order in which batches came, small ones that are quick behind large ones', async () => {
    await makeTopic(client, 'orders', withConfigs({ 'compression.type': 'gzip' }));
    const large = batchOf(['large', 'x'.repeat(400_000)]);
    const small = await compressBatch(batchOf(['small']), 'gzip');
    const answers = await Promise.all([
      produceTo(client, 'orders', large),
      produceTo(client, 'orders', small),
      produceTo(client, 'orders', batchOf(['last'])),
    ]);
    expect(answers.map(({ baseOffset }) => Number(baseOffset))).toEqual([0, 2, 3]);
  });

  it('refuses what is too large in its codec', async () => {
    const configs = { 'compression.type': 'uncompressed', 'max.message.bytes': '1000' };
    await makeTopic(client, 'orders', withConfigs(configs));
    const batch = await compressBatch(batchOf(['x'.repeat(5000)]), 'gzip');
    expect((await produceTo(client, 'orders', batch)).errorCode).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
  });

  it('stamps the append time on batches that it compresses anew', async () => {
    const configs = { 'compression.type': 'lz4', 'message.timestamp.type': 'LogAppendTime' };
    await makeTopic(client, 'orders', withConfigs(configs));
    const { logAppendTimeMs } = await produceTo(client, 'orders', batchOf(['a', 'b']));
    const { records } = await fetchFrom(client, 'orders');
    const bytes = Buffer.concat((records ?? []).filter((part) => Buffer.isBuffer(part)));
    const header = readBatchHeader(bytes, 0);
    expect(header).toMatchObject({ timestampType: 'append', compression: 'lz4' });
    expect(BigInt(header.maxTimestampMs)).toBe(logAppendTimeMs);
  });

  it('zstd is not for consumers that cannot read it', async () => {
    await makeTopic(client, 'orders', withConfigs({ 'compression.type': 'zstd' }));
    await produceTo(client, 'orders', batchOf(['a']));
    const answer = await client.send(fetch, 9, fetchRequest('orders'));
    expect(only(only(answer.responses).partitions).errorCode).toBe(
      ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE,
    );
  });
});
