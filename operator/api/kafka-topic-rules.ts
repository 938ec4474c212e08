/** What a KafkaTopic has to fulfil beyond the schema of its fields. */

import type { KafkaTopic } from './kafka-topic.ts';
import { topicNameOf } from './kafka-topic.ts';
import type { Rule } from './rule.ts';

const nameAllowed = 'letters, digits, ., _ and -, at most 249, not . or .. and no internal topic';
const nameOf = (self: string): string =>
  `(has(${self}.spec.topicName) ? ${self}.spec.topicName : ${self}.metadata.name)`;

export const kafkaTopicRules: readonly Rule<KafkaTopic>[] = [
  {
    cel: `${nameOf('self')}.matches('^[a-zA-Z0-9._-]{1,249}$') && !(${nameOf('self')} in ['.', '..', '__consumer_offsets', '__transaction_state'])`,
    messageExpression: `'spec.topicName: %s is not allowed; allowed: ${nameAllowed}'.format([${nameOf('self')}])`,
    fieldPath: '.spec',
    problem: (topic) => {
      const value = topicNameOf(topic);
      const refused = ['.', '..', '__consumer_offsets', '__transaction_state'].includes(value);
      if (/^[a-zA-Z0-9._-]{1,249}$/.test(value) && !refused) return null;
      return { field: 'spec.topicName', value, allowed: nameAllowed };
    },
  },
  {
    cel: `${nameOf('self')} == ${nameOf('oldSelf')}`,
    messageExpression: `'spec.topicName: %s is not allowed; allowed: %s, it is immutable'.format([${nameOf('self')}, ${nameOf('oldSelf')}])`,
    fieldPath: '.spec',
    problem: (now, before) =>
      before === null ? null : immutable('spec.topicName', topicNameOf(now), topicNameOf(before)),
  },
  {
    cel: 'self.spec.clusterRef.name == oldSelf.spec.clusterRef.name',
    messageExpression:
      "'spec.clusterRef.name: %s is not allowed; allowed: %s, it is immutable'.format([self.spec.clusterRef.name, oldSelf.spec.clusterRef.name])",
    fieldPath: '.spec.clusterRef.name',
    problem: (now, before) =>
      before === null
        ? null
        : immutable('spec.clusterRef.name', now.spec.clusterRef.name, before.spec.clusterRef.name),
  },
  {
    cel: '!has(oldSelf.spec.partitions) || (has(self.spec.partitions) && self.spec.partitions >= oldSelf.spec.partitions)',
    messageExpression:
      "'spec.partitions: %s is not allowed; allowed: at least %s, partitions are never removed'.format([(has(self.spec.partitions) ? string(self.spec.partitions) : 'none'), oldSelf.spec.partitions])",
    fieldPath: '.spec',
    problem: (now, before) => {
      const least = before?.spec.partitions;
      if (least === undefined || (now.spec.partitions ?? 0) >= least) return null;
      return {
        field: 'spec.partitions',
        value: now.spec.partitions ?? 'none',
        allowed: `at least ${String(least)}, partitions are never removed`,
      };
    },
  },
];

function immutable(
  field: string,
  value: string,
  before: string,
): ReturnType<Rule<KafkaTopic>['problem']> {
  return value === before ? null : { field, value, allowed: `${before}, it is immutable` };
}
