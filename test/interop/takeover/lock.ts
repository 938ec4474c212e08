/* eslint-disable jest/no-export -- a part of the scenario that takeover.test.ts puts together */
/**
 * Two brokers on one folder at the same time, ours and Apache Kafka's, either first: the second one
 * says what is wrong and leaves the first alone, however often it is tried.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerProcess } from '../../support/server-process.ts';
import type { ApacheVersion } from '../support/broker-under-test.ts';
import { kafkaJs } from '../support/kafkajs-client.ts';
import { until } from '../support/until.ts';
import { Place } from './place.ts';
import { exitCodeOf } from './source.ts';

interface Surroundings {
  readonly root: string;
  readonly zookeeper: string;
}

const attemptCount = 2;

export function describeLock(apache: ApacheVersion, surroundings: () => Surroundings): void {
  describe(`a folder for this broker and Apache Kafka ${apache} at the same time`, () => {
    let broker: ServerProcess | null = null;

    afterEach(async () => {
      await broker?.kill();
      broker = null;
    });

    it.each([
      {
        first: 'odradek',
        second: apache,
        message: /Failed to acquire lock on file \.lock in \S+disk-a/,
      },
      {
        first: apache,
        second: 'odradek',
        message:
          /disk-a is in use: another broker holds \.lock\. Stop it, or set another log\.dirs/,
      },
    ] as const)('$first has it, and $second says so', async ({ first, second, message }) => {
      const { folder, place } = await newPlace(surroundings());
      broker = await place.start(first);
      await write(place.address);
      const contender = await Place.create({ ...place.options, folder });
      for (let attempt = 0; attempt < attemptCount; attempt += 1) {
        await expect(contender.start(second)).rejects.toThrow(message);
        await write(place.address);
      }
      expect(await broker.stop()).toBe(exitCodeOf(first));
      broker = await contender.start(second);
      await write(contender.address);
      expect(await broker.stop()).toBe(exitCodeOf(second));
    });
  });
}

async function newPlace({
  root,
  zookeeper,
}: Surroundings): Promise<{ folder: string; place: Place }> {
  const name = `lock-${randomUUID()}`;
  const folder = join(root, name);
  const options = { folder, brokerId: 1, logDirs: ['disk-a', 'disk-b'] };
  const place = await Place.create({ ...options, zookeeperConnect: `${zookeeper}/${name}` });
  return { folder, place };
}

/** A topic of its own each time: so a new partition is made, in the folder that is fought for. */
async function write(address: string): Promise<void> {
  const kafka = kafkaJs(address);
  const topic = `t-${randomUUID()}`;
  const admin = kafka.admin();
  const producer = kafka.producer();
  try {
    await admin.connect();
    // Apache Kafka 3.9.1 says that it has started before it knows of its controller.
    await until('a controller is known', async () => {
      const { controller } = await admin.describeCluster();
      return controller !== null && controller >= 0;
    });
    await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
    await producer.connect();
    const messages = [0, 1, 2, 3].map((partition) => ({ partition, value: topic }));
    const sent = await producer.send({ topic, messages, acks: -1 });
    assert.deepEqual(
      sent.map(({ errorCode }) => errorCode),
      [0, 0, 0, 0],
    );
  } finally {
    await producer.disconnect();
    await admin.disconnect();
  }
}
