import { describe, expect, it } from '@jest/globals';
import type { ConfigOperation } from '../../../broker/config-store/alterations.ts';
import {
  alteredBrokerConfig,
  alteredTopicConfig,
  checkTopicConfig,
} from '../../../broker/config-store/alterations.ts';
import type { BrokerLayers } from '../../../broker/config/resolve.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';

const none = new Map<string, string>();
const layers: BrokerLayers = {
  static: new Map([['zookeeper.connect', 'local:']]),
  dynamicDefault: none,
  dynamicBroker: none,
};

type Operation = readonly [ConfigOperation['operation'], string, (string | null)?];

function operations(...given: readonly Operation[]): readonly ConfigOperation[] {
  return given.map(([operation, key, value = null]) => ({ operation, key, value }));
}

function alter(current: Record<string, string>, ...given: readonly Operation[]) {
  const alteration = {
    current: new Map(Object.entries(current)),
    operations: operations(...given),
    layers,
  };
  return Object.fromEntries(alteredTopicConfig('t', alteration));
}

function failure(action: () => unknown): { code: number; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof KafkaError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it was allowed');
}

describe('alteredTopicConfig', () => {
  it('sets, replaces and deletes', () => {
    expect(
      alter(
        { 'retention.ms': '1', 'segment.ms': '2' },
        ['SET', 'retention.ms', ' 5 '],
        ['DELETE', 'segment.ms'],
        ['DELETE', 'flush.ms'],
      ),
    ).toEqual({ 'retention.ms': '5' });
  });

  it('appends to the effective list and takes away from it', () => {
    expect(alter({}, ['APPEND', 'cleanup.policy', 'compact'])).toEqual({
      'cleanup.policy': 'delete,compact',
    });
    expect(alter({}, ['APPEND', 'cleanup.policy', 'delete'])).toEqual({
      'cleanup.policy': 'delete',
    });
    expect(
      alter({ 'cleanup.policy': 'compact,delete' }, ['SUBTRACT', 'cleanup.policy', 'delete']),
    ).toEqual({ 'cleanup.policy': 'compact' });
  });

  it.each<readonly [Operation[], number, string]>([
    [
      [['SET', 'retention.time', '1']],
      ErrorCodes.INVALID_CONFIG,
      'Unknown topic config name: retention.time',
    ],
    [
      [['SET', 'retention.ms', 'week']],
      ErrorCodes.INVALID_CONFIG,
      "Invalid config value for resource ConfigResource(type=TOPIC, name='t'): Invalid value week for configuration retention.ms: Not a number of type LONG",
    ],
    [
      [['APPEND', 'retention.ms', '1']],
      ErrorCodes.INVALID_CONFIG,
      'Config value append is not allowed for config key: retention.ms',
    ],
    [
      [
        ['SET', 'segment.ms', '1'],
        ['DELETE', 'segment.ms'],
      ],
      ErrorCodes.INVALID_REQUEST,
      'Error due to duplicate config keys : segment.ms',
    ],
    [
      [['SET', 'segment.ms', null]],
      ErrorCodes.INVALID_REQUEST,
      'Null value not supported for : segment.ms',
    ],
    [
      [
        ['SET', 'min.compaction.lag.ms', '5'],
        ['SET', 'max.compaction.lag.ms', '4'],
      ],
      ErrorCodes.INVALID_CONFIG,
      "Invalid config value for resource ConfigResource(type=TOPIC, name='t'): conflict topic config setting min.compaction.lag.ms (5) > max.compaction.lag.ms (4)",
    ],
  ])('refuses %j', (given, code, message) => {
    expect(failure(() => alter({}, ...given))).toEqual({ code, message });
  });

  it('does not blame a request for what stood there before', () => {
    expect(alter({ 'segment.ms': 'broken' }, ['SET', 'retention.ms', '1'])).toEqual({
      'segment.ms': 'broken',
      'retention.ms': '1',
    });
    expect(alter({ 'no.such.key': '1' }, ['DELETE', 'no.such.key'])).toEqual({});
  });
});

describe('checkTopicConfig', () => {
  it('checks every value of a new topic', () => {
    expect(() => checkTopicConfig('t', new Map([['retention.ms', '-1']]), layers)).not.toThrow();
    const bad = new Map([
      ['retention.ms', 'x'],
      ['segment.bytes', '1'],
    ]);
    const { code, message } = failure(() => checkTopicConfig('t', bad, layers));
    expect(code).toBe(ErrorCodes.INVALID_CONFIG);
    expect(message).toContain('retention.ms');
    expect(message).toContain('segment.bytes: Value must be at least 14');
  });
});

describe('alteredBrokerConfig', () => {
  const alterBroker = (brokerId: number | null, ...given: readonly Operation[]) =>
    alteredBrokerConfig(brokerId, { current: none, operations: operations(...given), layers });

  it('changes what may be changed at run time', () => {
    expect(alterBroker(null, ['SET', 'log.retention.ms', '5'])).toEqual(
      new Map([['log.retention.ms', '5']]),
    );
    expect(alterBroker(1, ['SET', 'advertised.listeners', 'PLAINTEXT://h:1']).size).toBe(1);
  });

  it.each<readonly [number | null, Operation, string]>([
    [1, ['SET', 'log.dirs', '/x'], 'Cannot update these configs dynamically: log.dirs'],
    [null, ['SET', 'advertised.listeners', 'A://h:1'], 'broker id must be specified'],
    [1, ['SET', 'num.replica.fetchers', '0'], 'Value must be at least 1'],
    [1, ['SET', 'advertised.listeners', 'PLAINTEXT://0.0.0.0:1'], 'nonroutable'],
  ])('refuses of broker %j %j', (brokerId, operation, message) => {
    const refused = failure(() => alterBroker(brokerId, operation));
    expect(refused.code).toBe(ErrorCodes.INVALID_CONFIG);
    expect(refused.message).toContain(message);
  });
});
