/** What a KafkaCluster has to fulfil beyond the schema of its fields. */

import type { KafkaCluster, StorageSpec } from './kafka-cluster.ts';
import { parseQuantity } from './quantity.ts';
import type { Rule } from './rule.ts';

/** Ports that brokers use themselves: replication, and HTTP for probes and metrics. */
const reservedPorts: readonly number[] = [9091, 9404];
const brokerIdMax = 1000;

const storagePaths = [
  { path: 'spec.broker.storage', of: (cluster: KafkaCluster) => cluster.spec.broker.storage },
  { path: 'spec.zookeeper.storage', of: (cluster: KafkaCluster) => cluster.spec.zookeeper.storage },
] as const;

export const kafkaClusterRules: readonly Rule<KafkaCluster>[] = [
  {
    cel: "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')",
    messageExpression:
      "'metadata.name: %s is not allowed; allowed: at most 40 lower-case letters, digits and -, beginning with a letter'.format([self.metadata.name])",
    problem: ({ metadata }) =>
      /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(metadata.name)
        ? null
        : {
            field: 'metadata.name',
            value: metadata.name,
            allowed: 'at most 40 lower-case letters, digits and -, beginning with a letter',
          },
  },
  {
    cel: `self.spec.broker.firstId + self.spec.broker.replicas <= ${String(brokerIdMax + 1)}`,
    messageExpression: `'spec.broker.replicas: %s is not allowed; allowed: broker ids from firstId %s up to ${String(brokerIdMax)}'.format([self.spec.broker.replicas, self.spec.broker.firstId])`,
    fieldPath: '.spec.broker.replicas',
    problem: ({ spec: { broker } }) =>
      broker.firstId + broker.replicas <= brokerIdMax + 1
        ? null
        : {
            field: 'spec.broker.replicas',
            value: broker.replicas,
            allowed: `broker ids from firstId ${String(broker.firstId)} up to ${String(brokerIdMax)}`,
          },
  },
  {
    cel: 'self.spec.broker.firstId == oldSelf.spec.broker.firstId',
    messageExpression:
      "'spec.broker.firstId: %s is not allowed; allowed: %s, it is immutable'.format([self.spec.broker.firstId, oldSelf.spec.broker.firstId])",
    fieldPath: '.spec.broker.firstId',
    problem: (now, before) =>
      immutable('spec.broker.firstId', now.spec.broker.firstId, before?.spec.broker.firstId),
  },
  {
    cel: 'has(self.spec.zookeeper.external) != has(self.spec.zookeeper.replicas)',
    messageExpression:
      "'spec.zookeeper: %s is not allowed; allowed: exactly one of external and replicas'.format([(has(self.spec.zookeeper.external) ? 'external with replicas' : 'neither external nor replicas')])",
    fieldPath: '.spec.zookeeper',
    problem: ({ spec: { zookeeper } }) =>
      (zookeeper.external === undefined) !== (zookeeper.replicas === undefined)
        ? null
        : {
            field: 'spec.zookeeper',
            value:
              zookeeper.external === undefined
                ? 'neither external nor replicas'
                : 'external with replicas',
            allowed: 'exactly one of external and replicas',
          },
  },
  {
    cel: 'has(self.spec.zookeeper.storage) == has(self.spec.zookeeper.replicas)',
    messageExpression:
      "'spec.zookeeper.storage: %s is not allowed; allowed: storage with replicas, none with external'.format([(has(self.spec.zookeeper.storage) ? 'set' : 'missing')])",
    fieldPath: '.spec.zookeeper',
    problem: ({ spec: { zookeeper } }) =>
      (zookeeper.storage === undefined) === (zookeeper.replicas === undefined)
        ? null
        : {
            field: 'spec.zookeeper.storage',
            value: zookeeper.storage === undefined ? 'missing' : 'set',
            allowed: 'storage with replicas, none with external',
          },
  },
  {
    cel: '!has(self.spec.zookeeper.replicas) || self.spec.zookeeper.replicas % 2 == 1',
    messageExpression:
      "'spec.zookeeper.replicas: %s is not allowed; allowed: an odd number'.format([self.spec.zookeeper.replicas])",
    fieldPath: '.spec.zookeeper.replicas',
    problem: ({ spec: { zookeeper } }) =>
      zookeeper.replicas === undefined || zookeeper.replicas % 2 === 1
        ? null
        : {
            field: 'spec.zookeeper.replicas',
            value: zookeeper.replicas,
            allowed: 'an odd number',
          },
  },
  {
    cel: 'has(self.spec.zookeeper.replicas) == has(oldSelf.spec.zookeeper.replicas) && (!has(self.spec.zookeeper.replicas) || self.spec.zookeeper.replicas == oldSelf.spec.zookeeper.replicas)',
    messageExpression:
      "'spec.zookeeper.replicas: %s is not allowed; allowed: %s, the ensemble cannot be changed yet'.format([(has(self.spec.zookeeper.replicas) ? string(self.spec.zookeeper.replicas) : 'none'), (has(oldSelf.spec.zookeeper.replicas) ? string(oldSelf.spec.zookeeper.replicas) : 'none')])",
    fieldPath: '.spec.zookeeper',
    problem: (now, before) =>
      before === null || now.spec.zookeeper.replicas === before.spec.zookeeper.replicas
        ? null
        : {
            field: 'spec.zookeeper.replicas',
            value: now.spec.zookeeper.replicas ?? 'none',
            allowed: `${String(before.spec.zookeeper.replicas ?? 'none')}, the ensemble cannot be changed yet`,
          },
  },
  {
    cel: "!has(self.spec.zookeeper.external) || self.spec.zookeeper.external.connect != 'local:' || self.spec.broker.replicas == 1",
    messageExpression:
      "'spec.broker.replicas: %s is not allowed; allowed: 1 with zookeeper.external.connect local:'.format([self.spec.broker.replicas])",
    fieldPath: '.spec.broker.replicas',
    problem: ({ spec }) =>
      spec.zookeeper.external?.connect !== 'local:' || spec.broker.replicas === 1
        ? null
        : {
            field: 'spec.broker.replicas',
            value: spec.broker.replicas,
            allowed: '1 with zookeeper.external.connect local:',
          },
  },
  {
    cel: '!has(self.spec.zookeeper.storage) || !self.spec.zookeeper.storage.deleteClaim || self.spec.broker.storage.deleteClaim',
    messageExpression:
      "'spec.zookeeper.storage.deleteClaim: true is not allowed; allowed: false while spec.broker.storage.deleteClaim is false'",
    fieldPath: '.spec.zookeeper.storage.deleteClaim',
    problem: ({ spec }) =>
      spec.zookeeper.storage?.deleteClaim !== true || spec.broker.storage.deleteClaim
        ? null
        : {
            field: 'spec.zookeeper.storage.deleteClaim',
            value: true,
            allowed: 'false while spec.broker.storage.deleteClaim is false',
          },
  },
  {
    cel: `!has(self.spec.listeners) || self.spec.listeners.all(each, !(each.port in [${reservedPorts.join(', ')}]))`,
    messageExpression: `'spec.listeners.port: %s is not allowed; allowed: any port but ${reservedPorts.join(' and ')}, which brokers use themselves'.format([self.spec.listeners[0].port])`,
    fieldPath: '.spec.listeners',
    problem: ({ spec }) => {
      const taken = spec.listeners.find((each) => reservedPorts.includes(each.port));
      if (taken === undefined) return null;
      const allowed = `any port but ${reservedPorts.join(' and ')}, which brokers use themselves`;
      return { field: 'spec.listeners.port', value: taken.port, allowed };
    },
  },
  {
    cel: "!has(self.spec.listeners) || self.spec.listeners.all(each, each.name != 'replication')",
    messageExpression:
      "'spec.listeners.name: replication is not allowed; allowed: any other name, this one is the listener of the operator'",
    fieldPath: '.spec.listeners',
    problem: ({ spec }) =>
      spec.listeners.every((each) => each.name !== 'replication')
        ? null
        : {
            field: 'spec.listeners.name',
            value: 'replication',
            allowed: 'any other name, this one is the listener of the operator',
          },
  },
  ...storagePaths.flatMap(({ path, of }) => [neverShrink(path, of), fixedClass(path, of)]),
];

type StorageOf = (cluster: KafkaCluster) => StorageSpec | undefined;

function neverShrink(path: string, of: StorageOf): Rule<KafkaCluster> {
  const field = `${path}.size`;
  return {
    cel: `!has(self.${path}) || !has(oldSelf.${path}) || quantity(string(self.${field})).compareTo(quantity(string(oldSelf.${field}))) >= 0`,
    messageExpression: `'${field}: %s is not allowed; allowed: at least %s, a volume never shrinks'.format([string(self.${field}), string(oldSelf.${field})])`,
    fieldPath: `.${path}`,
    problem: (now, before) => {
      const size = of(now)?.size;
      const sizeBefore = before === null ? undefined : of(before)?.size;
      if (size === undefined || sizeBefore === undefined) return null;
      if ((parseQuantity(size) ?? 0) >= (parseQuantity(sizeBefore) ?? 0)) return null;
      const allowed = `at least ${String(sizeBefore)}, a volume never shrinks`;
      return { field, value: size, allowed };
    },
  };
}

function fixedClass(path: string, of: StorageOf): Rule<KafkaCluster> {
  const field = `${path}.storageClassName`;
  const nameOf = (self: string): string => `(has(${self}.${field}) ? ${self}.${field} : '')`;
  return {
    cel: `!has(self.${path}) || !has(oldSelf.${path}) || ${nameOf('self')} == ${nameOf('oldSelf')}`,
    messageExpression: `'${field}: "%s" is not allowed; allowed: "%s", it is immutable'.format([${nameOf('self')}, ${nameOf('oldSelf')}])`,
    fieldPath: `.${path}`,
    problem: (now, before) => {
      const storageBefore = before === null ? undefined : of(before);
      if (storageBefore === undefined || of(now) === undefined) return null;
      return immutable(
        field,
        of(now)?.storageClassName ?? '',
        storageBefore.storageClassName ?? '',
      );
    },
  };
}

function immutable(
  field: string,
  value: string | number,
  before: string | number | undefined,
): ReturnType<Rule<KafkaCluster>['problem']> {
  if (before === undefined || value === before) return null;
  const shown = before === '' ? '""' : String(before);
  return { field, value, allowed: `${shown}, it is immutable` };
}
