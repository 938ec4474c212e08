import { describe, expect, it } from '@jest/globals';
import { testBrokers } from '../support/test-broker.ts';

describe('topics of KAFKA_CREATE_TOPICS', () => {
  const start = testBrokers();

  it('that are refused are told of in one line with code and reason, and no stack', async () => {
    const topic = { partitions: 1, config: new Map<string, string>() };
    const broker = await start({
      createTopics: [
        { ...topic, name: 'too-wide', replicationFactor: 3 },
        { ...topic, name: 'orders', replicationFactor: 1 },
      ],
    });
    const done = 'topic created as KAFKA_CREATE_TOPICS says';
    const { fields } = await broker.log.find(({ message }) => message === done);
    expect(fields).toMatchObject({ topic: 'orders' });
    expect(broker.log.alarms).toHaveLength(1);
    expect(broker.log.alarms[0]?.fields).toEqual({
      topic: 'too-wide',
      code: 'INVALID_REPLICATION_FACTOR',
      reason: expect.stringContaining('3'),
    });
  });
});
