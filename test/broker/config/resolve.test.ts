import { describe, expect, it } from '@jest/globals';
import type { BrokerLayers } from '../../../broker/config/resolve.ts';
import { brokerEntry, topicEntry } from '../../../broker/config/resolve.ts';
import { buildTopicConfig } from '../../../broker/config/topic-config.ts';
import { topicKey } from '../../../broker/config/topic-keys.ts';

type Values = Record<string, string>;

function layers(given: { broker?: Values; all?: Values; file?: Values }): BrokerLayers {
  const map = (values: Values = {}) => new Map(Object.entries(values));
  return {
    dynamicBroker: map(given.broker),
    dynamicDefault: map(given.all),
    static: map(given.file),
  };
}

function retention(own: Values, of: BrokerLayers) {
  return topicEntry(topicKey('retention.ms'), new Map(Object.entries(own)), of);
}

describe('topicEntry', () => {
  it('reports the default with the key that it comes from', () => {
    expect(retention({}, layers({}))).toMatchObject({
      value: '604800000',
      source: 'DEFAULT_CONFIG',
      synonyms: [{ name: 'log.retention.hours', value: '168', source: 'DEFAULT_CONFIG' }],
    });
  });

  it('prefers topic, broker, all brokers, file, default, in this order', () => {
    const every = {
      broker: { 'log.retention.ms': '2' },
      all: { 'log.retention.ms': '3' },
      file: { 'log.retention.minutes': '4', 'log.retention.hours': '5' },
    };
    expect(retention({ 'retention.ms': '1' }, layers(every))).toMatchObject({
      value: '1',
      source: 'TOPIC_CONFIG',
      synonyms: [
        { name: 'retention.ms', value: '1', source: 'TOPIC_CONFIG' },
        { name: 'log.retention.ms', value: '2', source: 'DYNAMIC_BROKER_CONFIG' },
        { name: 'log.retention.ms', value: '3', source: 'DYNAMIC_DEFAULT_BROKER_CONFIG' },
        { name: 'log.retention.minutes', value: '4', source: 'STATIC_BROKER_CONFIG' },
        { name: 'log.retention.hours', value: '5', source: 'STATIC_BROKER_CONFIG' },
        { name: 'log.retention.hours', value: '168', source: 'DEFAULT_CONFIG' },
      ],
    });
    expect(retention({}, layers(every)).value).toBe('2');
    expect(retention({}, layers({ ...every, broker: {} })).value).toBe('3');
    expect(retention({}, layers({ file: every.file }))).toMatchObject({
      value: '240000',
      source: 'STATIC_BROKER_CONFIG',
    });
  });

  it('has the default of keys that no broker key stands behind', () => {
    const key = topicKey('leader.replication.throttled.replicas');
    expect(topicEntry(key, new Map(), layers({}))).toMatchObject({
      value: '',
      source: 'DEFAULT_CONFIG',
      synonyms: [],
    });
  });
});

describe('brokerEntry', () => {
  it('shows no secret, and nothing of a key that nobody knows', () => {
    const of = layers({ file: { 'ssl.key.password': 'a', 'my.key': 'b' } });
    for (const name of ['ssl.key.password', 'my.key']) {
      const entry = brokerEntry(name, of);
      expect(entry).toMatchObject({ value: null, sensitive: true, source: 'STATIC_BROKER_CONFIG' });
      expect(JSON.stringify(entry.synonyms)).not.toMatch(/"[ab]"/);
    }
  });

  it('says which keys need a restart', () => {
    expect(brokerEntry('broker.id', layers({})).readOnly).toBe(true);
    expect(brokerEntry('log.retention.ms', layers({})).readOnly).toBe(false);
  });
});

describe('buildTopicConfig', () => {
  const build = (own: Values) => buildTopicConfig(new Map(Object.entries(own)), layers({}));

  it('turns no limit into Infinity', () => {
    const config = build({ 'retention.ms': '-1', 'retention.bytes': '-1' });
    expect(config.retentionMs).toBe(Infinity);
    expect(config.retentionBytes).toBe(Infinity);
    expect(config.flushMessages).toBe(Infinity);
    expect(config.segmentMs).toBe(604_800_000);
  });

  it('reads both cleanup policies', () => {
    expect(build({ 'cleanup.policy': 'compact, delete' })).toMatchObject({
      compacts: true,
      deletes: true,
    });
    expect(build({ 'cleanup.policy': '' })).toMatchObject({ compacts: false, deletes: false });
  });

  it('takes the old limit of timestamps for both directions unless the new one is set', () => {
    const old = { 'message.timestamp.difference.max.ms': '1000' };
    expect(build(old)).toMatchObject({
      messageTimestampAfterMaxMs: 1000,
      messageTimestampBeforeMaxMs: 1000,
    });
    expect(build({ ...old, 'message.timestamp.after.max.ms': '5' })).toMatchObject({
      messageTimestampAfterMaxMs: 5,
      messageTimestampBeforeMaxMs: 1000,
    });
    const none = { 'message.timestamp.after.max.ms': '9223372036854775807' };
    expect(build({ ...old, ...none })).toMatchObject({ messageTimestampAfterMaxMs: 1000 });
  });

  it('takes the codec of the log and its level, and the producer for none at all', () => {
    const codecOf = (values: Readonly<Record<string, string>>) => build(values).compression;
    expect(codecOf({})).toBeNull();
    expect(codecOf({ 'compression.type': 'producer' })).toBeNull();
    expect(codecOf({ 'compression.type': 'uncompressed' })).toEqual({ codec: 'none', level: null });
    expect(codecOf({ 'compression.type': 'lz4' })).toEqual({ codec: 'lz4', level: null });
    expect(codecOf({ 'compression.type': 'gzip' })).toEqual({ codec: 'gzip', level: -1 });
    expect(codecOf({ 'compression.type': 'zstd', 'compression.zstd.level': '7' })).toEqual({
      codec: 'zstd',
      level: 7,
    });
  });
});
