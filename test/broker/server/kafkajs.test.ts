/** A real client through its own eyes: kafkajs produces, and two members of a group share the work. */

import { describe, expect, it } from '@jest/globals';
import type { Consumer } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';
import { testBrokers } from '../../support/test-broker.ts';

describe('kafkajs', () => {
  const start = testBrokers();

  it('shares partitions in a group, commits, and goes on from there', async () => {
    const broker = await start();
    const kafka = new Kafka({
      clientId: 'app',
      brokers: [`127.0.0.1:${String(broker.port)}`],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20, maxRetryTime: 100, retries: 50 },
    });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic: 'orders', numPartitions: 4 }],
      waitForLeaders: true,
    });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const send = (from: number): Promise<unknown> =>
      producer.send({
        topic: 'orders',
        messages: Array.from({ length: 100 }, (_, id) => ({
          key: String(from + id),
          value: `value ${String(from + id)}`,
        })),
      });
    await send(0);
    const seen = new Set<string>();
    let wake = (): void => undefined;
    const consume = async (): Promise<Consumer> => {
      const consumer = kafka.consumer({ groupId: 'g', rebalanceTimeout: 5000 });
      await consumer.connect();
      await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
      await consumer.run({
        eachMessage: ({ message }) => {
          seen.add(message.value?.toString() ?? '');
          wake();
          return Promise.resolve();
        },
      });
      return consumer;
    };
    const seenAll = async (count: number): Promise<void> => {
      while (seen.size < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    const members = await Promise.all([consume(), consume()]);
    await seenAll(100);
    const { groups } = await admin.describeGroups(['g']);
    expect(groups[0]?.protocolType).toBe('consumer');
    await Promise.all(members.map((member) => member.disconnect()));
    const offsets = await admin.fetchOffsets({ groupId: 'g', topics: ['orders'] });
    const committed = offsets[0]?.partitions.reduce(
      (sum, { offset }) => sum + Math.max(0, Number(offset)),
      0,
    );
    expect(committed).toBe(100);
    seen.clear();
    await send(1000);
    const third = await consume();
    await seenAll(100);
    expect([...seen].every((value) => Number(value.slice(6)) >= 1000)).toBe(true);
    await third.disconnect();
    await producer.disconnect();
    await admin.disconnect();
  }, 60_000);
});
