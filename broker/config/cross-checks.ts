/**
 * What several keys together must fulfil. A key that is not right by itself reads as NaN, which no
 * comparison here calls a problem: it is reported once, where its type is checked.
 */

import type { SettingReader } from './setting-reader.ts';

/** Each a whole line. */
export function crossProblems(read: SettingReader): readonly string[] {
  return [
    ...zookeeperProblems(read),
    ...brokerIdProblems(read),
    ...limitProblems(read),
    ...orderProblems(read),
  ];
}

function zookeeperProblems(read: SettingReader): readonly string[] {
  if (read.optional('zookeeper.connect') !== null) return [];
  return [
    'Missing required configuration zookeeper.connect which has no default value: set it to the ' +
      'servers of a ZooKeeper ensemble, such as zk-1:2181,zk-2:2181/kafka, or to local: for a ' +
      'single broker that keeps the store itself (KAFKA_ZOOKEEPER_CONNECT in the environment)',
  ];
}

function brokerIdProblems(read: SettingReader): readonly string[] {
  const id = read.number('broker.id');
  const reservedMax = read.number('reserved.broker.max.id');
  if (!read.boolean('broker.id.generation.enable')) {
    return id < 0
      ? [
          `Invalid value ${String(id)} for configuration broker.id: Value must be at least 0 ` +
            'where broker.id.generation.enable is false',
        ]
      : [];
  }
  return id > reservedMax
    ? [
        `Invalid value ${String(id)} for configuration broker.id: Value must be at most ` +
          `reserved.broker.max.id, ${String(reservedMax)}, as ids above it are given by ZooKeeper; ` +
          'raise it or set broker.id.generation.enable=false',
      ]
    : [];
}

function limitProblems(read: SettingReader): readonly string[] {
  const problems: string[] = [];
  const memory = read.number('queued.max.request.bytes');
  const request = read.number('socket.request.max.bytes');
  if (memory > 0 && memory < request) {
    problems.push(
      `Invalid value ${String(memory)} for configuration queued.max.request.bytes: Value must be ` +
        `-1 or at least socket.request.max.bytes, ${String(request)}`,
    );
  }
  if (memory === 0) {
    problems.push(
      'Invalid value 0 for configuration queued.max.request.bytes: Value must be -1 or above 0',
    );
  }
  if (read.list('log.dirs').every((folder) => folder === '')) {
    problems.push('Invalid value  for configuration log.dirs: At least one folder must be named');
  }
  return problems;
}

/** The first of a pair may not be above the second. */
const orders: readonly (readonly [string, string])[] = [
  ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'],
  ['replica.fetch.wait.max.ms', 'replica.lag.time.max.ms'],
  ['replica.fetch.wait.max.ms', 'replica.socket.timeout.ms'],
  ['log.cleaner.min.compaction.lag.ms', 'log.cleaner.max.compaction.lag.ms'],
];

function orderProblems(read: SettingReader): readonly string[] {
  return orders.flatMap(([lower, upper]) => {
    const value = read.number(lower);
    const most = read.number(upper);
    return value > most
      ? [
          `Invalid value ${read.text(lower)} for configuration ${lower}: Value must be at most ` +
            `${upper}, ${read.text(upper)}`,
        ]
      : [];
  });
}
