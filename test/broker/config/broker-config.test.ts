import { describe, expect, it } from '@jest/globals';
import type { BrokerConfig } from '../../../broker/config/broker-config.ts';
import { buildBrokerConfig, configurationNotes } from '../../../broker/config/broker-config.ts';
import { oneOf } from '../../../broker/config/allowed.ts';
import { brokerKey, brokerKeys } from '../../../broker/config/broker-keys.ts';
import { ConfigError } from '../../../broker/config/config-error.ts';
import { effectiveConfiguration } from '../../../broker/config/effective-configuration.ts';
import { configurationReference } from '../../../broker/config/reference.ts';
import { topicKeys } from '../../../broker/config/topic-keys.ts';
import { valueProblem } from '../../../broker/config/values.ts';

function build(properties: Record<string, string>): BrokerConfig {
  return buildBrokerConfig(
    new Map(Object.entries({ 'zookeeper.connect': 'local:', ...properties })),
  );
}

function problems(properties: Record<string, string>): readonly string[] {
  try {
    buildBrokerConfig(new Map(Object.entries(properties)));
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('buildBrokerConfig', () => {
  it('has the defaults of Kafka 3.9', () => {
    const config = build({});
    expect(config.zookeeperSessionTimeoutMs).toBe(18_000);
    expect(config.zookeeperConnectionTimeoutMs).toBe(18_000);
    expect(Number(config.get('message.max.bytes'))).toBe(1_048_588);
    expect(config.logDirs).toEqual(['/tmp/kafka-logs']);
    expect(config.queuedMaxRequestBytes).toBe(Infinity);
    expect(config.groupInitialRebalanceDelayMs).toBe(3000);
    expect(config.odradekHttpPort).toBe(9404);
  });

  it('prefers log.dirs to log.dir and splits it', () => {
    expect(build({ 'log.dir': '/a' }).logDirs).toEqual(['/a']);
    expect(build({ 'log.dir': '/a', 'log.dirs': '/b, /c' }).logDirs).toEqual(['/b', '/c']);
  });

  it('keeps the text of a LONG and compares its maximum as no limit', () => {
    const config = build({ 'log.flush.scheduler.interval.ms': '9223372036854775807' });
    expect(config.get('log.flush.scheduler.interval.ms')).toBe('9223372036854775807');
    expect(config.logFlushSchedulerIntervalMs).toBe(Infinity);
  });

  it('converts older keys to the unit of the newer one', () => {
    expect(build({}).get('log.retention.ms')).toBe('604800000');
    expect(build({ 'log.retention.hours': '1' }).get('log.retention.ms')).toBe('3600000');
    const both = build({ 'log.retention.hours': '1', 'log.retention.minutes': '2' });
    expect(both.get('log.retention.ms')).toBe('120000');
    expect(build({ 'log.retention.hours': '-1' }).get('log.retention.ms')).toBe('-1');
  });

  it('turns the HTTP port off by an empty value', () => {
    expect(build({ 'odradek.http.port': '' }).odradekHttpPort).toBeNull();
  });

  it('parses the overrides of connection limits', () => {
    const config = build({ 'max.connections.per.ip.overrides': '10.0.0.1:5,h:7' });
    expect(config.maxConnectionsPerIpOverrides).toEqual(
      new Map([
        ['10.0.0.1', 5],
        ['h', 7],
      ]),
    );
  });

  it('names every problem at once with key, value and what is allowed', () => {
    const found = problems({
      'num.partitions': '0',
      'log.segment.bytes': '3000000000',
      'auto.create.topics.enable': 'yes',
      'compression.type': 'brotli',
      listeners: 'PLAINTEXT://host',
    });
    expect(found).toEqual([
      'Invalid value 0 for configuration num.partitions: Value must be at least 1',
      'Invalid value 3000000000 for configuration log.segment.bytes: Not a number of type INT',
      'Invalid value yes for configuration auto.create.topics.enable: Expected value to be either true or false',
      'Invalid value brotli for configuration compression.type: Value must be one of uncompressed, zstd, lz4, snappy, gzip, producer',
      expect.stringContaining('Unable to parse PLAINTEXT://host'),
      expect.stringContaining('zookeeper.connect'),
    ]);
  });

  it('says what to set where ZooKeeper is missing', () => {
    expect(problems({})).toEqual([expect.stringMatching(/zookeeper\.connect.*local:/)]);
  });

  it.each([
    [{ 'broker.id': '1001' }, 'reserved.broker.max.id'],
    [{ 'broker.id.generation.enable': 'false' }, 'at least 0'],
    [{ 'queued.max.request.bytes': '1' }, 'socket.request.max.bytes'],
    [{ 'group.min.session.timeout.ms': '9000000' }, 'group.max.session.timeout.ms'],
    [{ 'log.dirs': ' , ' }, 'log.dirs'],
    [{ 'log.retention.ms': '0' }, '-1 or at least 1'],
  ])('refuses %j', (properties, message) => {
    const found = problems({ 'zookeeper.connect': 'local:', ...properties });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  it('never shows a secret in an error', () => {
    const number = {
      ...brokerKey('num.partitions'),
      type: 'PASSWORD',
      allowed: oneOf('a'),
    } as const;
    expect(valueProblem(number, 'secret')).toMatch(/\[hidden\]/);
    expect(valueProblem(number, 'secret')).not.toMatch(/secret/);
  });
});

describe('configurationNotes', () => {
  it('warns of unknown keys and names known ones without effect', () => {
    const notes = configurationNotes(
      new Map([
        ['num.io.threads', '8'],
        ['listener.name.a.ssl.keystore.type', 'JKS'],
        ['my.plugin', 'x'],
        ['authorizer.class.name', 'kafka.security.authorizer.AclAuthorizer'],
        ['num.partitions', '1'],
      ]),
    );
    expect(notes.withoutEffect).toEqual(['num.io.threads', 'listener.name.a.ssl.keystore.type']);
    expect(notes.warnings).toEqual([
      'The configuration my.plugin was supplied but is not a known configuration.',
      expect.stringContaining('every request is allowed'),
    ]);
  });
});

describe('effectiveConfiguration', () => {
  it('hides passwords and what nobody knows', () => {
    const shown = effectiveConfiguration(
      build({ 'ssl.key.password': 'a', 'my.token': 'b', 'num.partitions': '3' }),
    );
    expect(shown['ssl.key.password']).toBe('[hidden]');
    expect(shown['my.token']).toBe('[hidden]');
    expect(shown['num.partitions']).toBe('3');
    expect(shown['advertised.listeners']).toBe('PLAINTEXT://:9092');
  });
});

describe('the tables of keys', () => {
  it('have defaults that are allowed, and fallbacks that exist', () => {
    for (const key of [...brokerKeys.values(), ...topicKeys.values()]) {
      expect(key.default === null ? null : valueProblem(key, key.default)).toBeNull();
      for (const { name } of key.fallbacks) expect(brokerKeys.has(name)).toBe(true);
    }
  });

  it('agree in the default of a topic key and the broker key behind it', () => {
    const config = build({});
    for (const key of topicKeys.values()) {
      expect([key.name, key.brokerKey === null ? key.default : config.get(key.brokerKey)]).toEqual([
        key.name,
        key.default,
      ]);
    }
  });

  it('make a reference that names every key', () => {
    const text = configurationReference();
    for (const name of [...brokerKeys.keys(), ...topicKeys.keys()]) expect(text).toContain(name);
    expect(text).not.toContain('undefined');
  });
});
