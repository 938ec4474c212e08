import { describe, expect, it } from '@jest/globals';
import {
  environmentCommands,
  environmentToProperties,
} from '../../../broker/config/environment.ts';

function properties(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(environmentToProperties(env).properties);
}

describe('environmentToProperties', () => {
  it('maps names by the rules of the wurstmeister and apache images', () => {
    expect(
      properties({
        KAFKA_ZOOKEEPER_CONNECT: 'zk:2181',
        KAFKA_LOG_RETENTION_HOURS: '24',
        KAFKA_SUPER_USERS: 'User:a b@c',
        KAFKA_LISTENER_NAME_A___B_X__Y: '1',
        PATH: '/bin',
        ZOOKEEPER_CONNECT: 'no',
      }),
    ).toEqual({
      'zookeeper.connect': 'zk:2181',
      'log.retention.hours': '24',
      'super.users': 'User:a b@c',
      'listener.name.a-b.x_y': '1',
    });
  });

  it('lets KAFKA_CFG_ win over KAFKA_, whatever their order, and warns', () => {
    const result = environmentToProperties({
      KAFKA_CFG_NUM_PARTITIONS: '3',
      KAFKA_NUM_PARTITIONS: '5',
    });
    expect(result.properties.get('num.partitions')).toBe('3');
    expect(result.warnings).toHaveLength(1);
    const same = environmentToProperties({ KAFKA_PORT: '1', KAFKA_CFG_PORT: '1' });
    expect(same.warnings).toEqual([]);
  });

  it('takes out what is no configuration of a broker', () => {
    const result = environmentToProperties({
      KAFKA_VERSION: '2.8.1',
      KAFKA_HOME: '/opt/kafka',
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_JMX_PORT: '9999',
      KAFKA_LOG4J_LOGGERS: 'kafka=DEBUG',
      KAFKA_ENABLE_KRAFT: 'no',
      KAFKA_ZOOKEEPER_PASSWORD: 'secret',
      KAFKA_SSL_KEYSTORE_FILENAME: 'a.jks',
      KAFKA_SSL_KEY_CREDENTIALS: 'creds',
      KAFKA_BROKER_ID: '7',
    });
    expect(Object.fromEntries(result.properties)).toEqual({ 'broker.id': '7' });
    expect(result.withoutEffect).toHaveLength(9);
  });

  it('does not take the variables of a Kubernetes Service named kafka for configuration', () => {
    expect(
      properties({
        KAFKA_SERVICE_HOST: '10.0.0.1',
        KAFKA_SERVICE_PORT: '9092',
        KAFKA_SERVICE_PORT_CLIENT: '9092',
        KAFKA_PORT: 'tcp://10.0.0.1:9092',
        KAFKA_PORT_9092_TCP: 'tcp://10.0.0.1:9092',
        KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
        KAFKA_HEADLESS_PORT: 'tcp://10.0.0.1:9092',
      }),
    ).toEqual({});
    expect(properties({ KAFKA_PORT: '9093' })).toEqual({ port: '9093' });
  });

  it('derives listeners from the advertised ones and says so', () => {
    const result = environmentToProperties({
      KAFKA_ADVERTISED_LISTENERS: 'IN://kafka-1:9092,OUT://[2001:db8::1]:9094',
    });
    expect(result.properties.get('listeners')).toBe('IN://0.0.0.0:9092,OUT://0.0.0.0:9094');
    expect(result.notes).toHaveLength(1);
  });

  it('puts what commands wrote where the variables ask for it', () => {
    const env = {
      HOSTNAME_COMMAND: 'hostname -f',
      PORT_COMMAND: 'echo 30100',
      BROKER_ID_COMMAND: 'echo 4',
      RACK_COMMAND: 'echo r1',
      KAFKA_BROKER_RACK: 'r0',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://_{HOSTNAME_COMMAND}:_{PORT_COMMAND}',
    };
    const commands = environmentCommands(env);
    expect(commands).toEqual({ hostname: 'hostname -f', port: 'echo 30100', brokerId: 'echo 4' });
    const result = environmentToProperties(env, { hostname: 'h1', port: '30100', brokerId: '4' });
    expect(Object.fromEntries(result.properties)).toEqual({
      'broker.id': '4',
      'broker.rack': 'r0',
      listeners: 'PLAINTEXT://:9092',
      'advertised.listeners': 'PLAINTEXT://h1:30100',
    });
  });

  it('advertises the host that HOSTNAME_COMMAND names where nothing else does', () => {
    const result = environmentToProperties({ KAFKA_PORT: '9095' }, { hostname: 'h1' });
    expect(result.properties.get('advertised.host.name')).toBe('h1');
  });

  it('reads topics to create with a separator of lines', () => {
    const result = environmentToProperties({
      KAFKA_CREATE_TOPICS: '\n  orders:12:3\n  settings:1:1:compact\n',
      KAFKA_CREATE_TOPICS_SEPARATOR: "$'\\n'",
    });
    expect(result.problems).toEqual([]);
    expect(result.createTopics).toEqual([
      { name: 'orders', partitions: 12, replicationFactor: 3, config: new Map() },
      {
        name: 'settings',
        partitions: 1,
        replicationFactor: 1,
        config: new Map([['cleanup.policy', 'compact']]),
      },
    ]);
  });

  it.each(['a', 'a:1', 'a:0:1', 'a:1:1:shrink', 'a b:1:1', '..:1:1', 'a:10001:1'])(
    'refuses the topic %s',
    (definition) => {
      const result = environmentToProperties({ KAFKA_CREATE_TOPICS: `ok:1:1,${definition}` });
      expect(result.createTopics).toHaveLength(1);
      expect(result.problems).toHaveLength(1);
      expect(result.problems[0]).toContain(definition);
    },
  );
});
