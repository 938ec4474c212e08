/** What is answered for a partition that is not here: its log cannot be had, or others have it. */

import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import { updateMetadata } from '../../../broker/protocol/messages/update-metadata.ts';
import {
  batchOf,
  fetchFrom,
  makeTopic,
  offsetAt,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { testBrokers } from '../../support/test-broker.ts';

const start = testBrokers();
const properties = { 'log.dirs': '/a,/b' };

/** Of Produce, Fetch and ListOffsets. */
async function codesFor(client: BrokerConnection, topic: string): Promise<readonly number[]> {
  return [
    (await produceTo(client, topic, batchOf(['x']))).errorCode,
    (await fetchFrom(client, topic)).errorCode,
    (await offsetAt(client, topic, -1n)).errorCode,
  ];
}

describe('a partition whose log.dir fails at the start', () => {
  it('answers KAFKA_STORAGE_ERROR, is not made anew, and has its records when the disk is back', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    const first = await start({ fileSystem, properties });
    const before = await first.connect();
    await makeTopic(before, 'here');
    await makeTopic(before, 'there');
    await produceTo(before, 'there', batchOf(['acknowledged']));
    await first.stop();
    expect(await fileSystem.list('/b')).toContain('there-0');

    fileSystem.failNext('makeFolder', 'EIO', '/b');
    const second = await start({ fileSystem, properties });
    const during = await second.connect();
    const offline = ErrorCodes.KAFKA_STORAGE_ERROR;
    expect(await codesFor(during, 'there')).toEqual([offline, offline, offline]);
    expect(await codesFor(during, 'here')).toEqual([0, 0, 0]);
    await makeTopic(during, 'new');
    expect(await codesFor(during, 'new')).toEqual([0, 0, 0]);
    await second.stop();

    const third = await start({ fileSystem, properties });
    expect(await valuesFrom(await third.connect(), 'there')).toEqual(['acknowledged']);
  });
});

describe('a partition whose log cannot be opened', () => {
  it('answers KAFKA_STORAGE_ERROR', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    const first = await start({ fileSystem });
    await makeTopic(await first.connect(), 'orders');
    await first.stop();
    const handle = await fileSystem.open('/data/orders-0/partition.metadata', 'write');
    await handle.truncate(0);
    await handle.write([Buffer.from('nonsense')], 0);
    await handle.close();

    const client = await (await start({ fileSystem })).connect();
    const offline = ErrorCodes.KAFKA_STORAGE_ERROR;
    expect(await codesFor(client, 'orders')).toEqual([offline, offline, offline]);
  });
});

describe('a partition that other brokers have', () => {
  it('answers NOT_LEADER_OR_FOLLOWER, and one that nobody has UNKNOWN_TOPIC_OR_PARTITION', async () => {
    const client = await (await start()).connect();
    await client.send(updateMetadata, 8, {
      ...updateMetadata.request.initial,
      controllerId: 0,
      controllerEpoch: 9,
      brokerEpoch: -1n,
      topicStates: [
        {
          topicName: 'elsewhere',
          topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
          partitionStates: [
            {
              topicName: 'elsewhere',
              partitionIndex: 0,
              controllerEpoch: 9,
              leader: 1,
              leaderEpoch: 0,
              isr: [1],
              zkVersion: 0,
              replicas: [1],
              offlineReplicas: [],
            },
          ],
        },
      ],
    });
    const wrong = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    expect(await codesFor(client, 'elsewhere')).toEqual([wrong, wrong, wrong]);
    const unknown = ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    expect(await codesFor(client, 'nowhere')).toEqual([unknown, unknown, unknown]);
  });
});
