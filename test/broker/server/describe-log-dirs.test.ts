import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { describeLogDirs } from '../../../broker/protocol/messages/describe-log-dirs.ts';
import { batchOf, makeTopic, only, produceTo } from '../../support/requests.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';
import { testBrokers } from '../../support/test-broker.ts';

describe('DescribeLogDirs', () => {
  const start = testBrokers();
  const folder = temporaryFolders();

  it('tells the size of every log, and what is free on the disk from version 4 on', async () => {
    const broker = await start({ folder: await folder() });
    const client = await broker.connect();
    await makeTopic(client, 'orders', { numPartitions: 2 });
    const batch = batchOf(['a record']);
    await produceTo(client, 'orders', batch, { partition: 1 });
    const { errorCode, results } = await client.send(describeLogDirs, 4, { topics: null });
    expect(errorCode).toBe(ErrorCodes.NONE);
    const told = only(results);
    expect(told).toMatchObject({ errorCode: ErrorCodes.NONE, totalBytes: -1n });
    expect(told.usableBytes).toBeGreaterThan(0n);
    const { name, partitions } = only(told.topics);
    expect(name).toBe('orders');
    const rest = { offsetLag: 0n, isFutureKey: false };
    expect([...partitions].sort((one, other) => one.partitionIndex - other.partitionIndex)).toEqual(
      [
        { ...rest, partitionIndex: 0, partitionSize: 0n },
        { ...rest, partitionIndex: 1, partitionSize: BigInt(batch.length) },
      ],
    );
    const old = await client.send(describeLogDirs, 1, { topics: null });
    expect(only(old.results)).toMatchObject({ usableBytes: -1n });
  });

  it('tells only of what is asked for, and names every folder all the same', async () => {
    const broker = await start({ properties: { 'log.dirs': '/one,/two' } });
    const client = await broker.connect();
    await makeTopic(client, 'orders', { numPartitions: 4 });
    const asked = { topic: 'orders', partitions: [2, 9] };
    const nobody = { topic: 'nobody', partitions: [0] };
    const { results } = await client.send(describeLogDirs, 4, { topics: [asked, nobody] });
    expect(results.map(({ logDir }) => logDir).sort()).toEqual(['/one', '/two']);
    const partitions = results.flatMap(({ topics }) => topics.flatMap((it) => it.partitions));
    expect(partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([2]);
  });
});
