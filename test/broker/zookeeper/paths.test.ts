import { describe, expect, it } from '@jest/globals';
import {
  brokerEntity,
  clientEntity,
  configPath,
  decodeEntityName,
  encodeEntityName,
  ipEntity,
  partitionStatePath,
  topicEntity,
  userClientEntity,
  userEntity,
} from '../../../broker/zookeeper/paths.ts';

describe('Paths in ZooKeeper', () => {
  it('are those of Apache Kafka', () => {
    expect(partitionStatePath('t', 3)).toBe('/brokers/topics/t/partitions/3/state');
    expect(configPath(topicEntity('t'))).toBe('/config/topics/t');
    expect(configPath(brokerEntity(1))).toBe('/config/brokers/1');
    expect(configPath(brokerEntity(null))).toBe('/config/brokers/<default>');
    expect(configPath(userEntity('alice b'))).toBe('/config/users/alice%20b');
    expect(configPath(clientEntity(null))).toBe('/config/clients/<default>');
    expect(configPath(userClientEntity('u1', 'c1'))).toBe('/config/users/u1/clients/c1');
    expect(configPath(ipEntity('10.0.0.1'))).toBe('/config/ips/10.0.0.1');
  });

  it('percent-encode all but letters, digits, dot, dash and underline', () => {
    expect(encodeEntityName("a.b-c_d/*~'é")).toBe('a.b-c_d%2F%2A%7E%27%C3%A9');
    for (const name of ['a b', '100%', "it's (me)*~!", 'grün', '<default>']) {
      expect(decodeEntityName(encodeEntityName(name))).toBe(name);
    }
    expect(decodeEntityName('<default>')).toBeNull();
    expect(decodeEntityName('%zz')).toBe('%zz');
  });
});
