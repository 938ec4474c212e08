import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { brokerKey } from '../../../broker/config/broker-keys.ts';
import { topicKey } from '../../../broker/config/topic-keys.ts';
import { listElements, numberOf, valueProblem } from '../../../broker/config/values.ts';

describe('valueProblem', () => {
  it.each([
    ['log.retention.bytes', '9223372036854775807', true],
    ['log.retention.bytes', '9223372036854775808', false],
    ['log.retention.bytes', '1.5', false],
    ['log.retention.bytes', '1e3', false],
    ['log.retention.bytes', ' 5 ', true],
    ['log.retention.bytes', '+5', true],
    ['log.retention.bytes', '', false],
    ['num.partitions', '2147483648', false],
    ['offsets.topic.replication.factor', '32768', false],
    ['log.cleaner.min.cleanable.ratio', '0.25', true],
    ['log.cleaner.min.cleanable.ratio', '1.5', false],
    ['log.cleaner.min.cleanable.ratio', 'half', false],
    ['auto.create.topics.enable', 'TRUE', true],
    ['log.cleanup.policy', 'compact,delete', true],
    ['log.cleanup.policy', 'compact,keep', false],
    ['compression.gzip.level', '-1', true],
    ['compression.gzip.level', '0', false],
    ['inter.broker.protocol.version', '2.8', true],
    ['inter.broker.protocol.version', '2.8-IV1', true],
    ['inter.broker.protocol.version', '0.10.2-IV0', true],
    ['inter.broker.protocol.version', '4.0', false],
    ['max.connections.per.ip.overrides', 'h:1,', false],
  ])('of %s = "%s": right is %s', (name, value, right) => {
    expect(valueProblem(brokerKey(name), value) === null).toBe(right);
  });

  it.each([
    ['leader.replication.throttled.replicas', '0:1,1:2', true],
    ['leader.replication.throttled.replicas', '*', true],
    ['leader.replication.throttled.replicas', '', true],
    ['leader.replication.throttled.replicas', '0', false],
    ['remote.storage.enable', 'true', false],
    ['retention.bytes', '-5', true],
    ['retention.ms', '-2', false],
  ])('of the topic key %s = "%s": right is %s', (name, value, right) => {
    expect(valueProblem(topicKey(name), value) === null).toBe(right);
  });

  it('answers every text without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const name of ['retention.ms', 'cleanup.policy', 'preallocate', 'segment.bytes']) {
          const problem = valueProblem(topicKey(name), text);
          expect(problem === null || problem.includes(name)).toBe(true);
        }
      }),
    );
  });
});

describe('numberOf', () => {
  it('takes the largest LONG as no limit', () => {
    expect(numberOf('9223372036854775807')).toBe(Infinity);
    expect(numberOf('604800000')).toBe(604_800_000);
  });
});

describe('listElements', () => {
  it('drops blanks and knows the empty list', () => {
    expect(listElements(' a , b')).toEqual(['a', 'b']);
    expect(listElements('')).toEqual([]);
  });
});
