import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeBrokerRegistration,
  encodeBrokerRegistration,
} from '../../../broker/zookeeper/znodes/broker-registration.ts';
import {
  decodeClusterId,
  encodeClusterId,
  encodeFeature,
} from '../../../broker/zookeeper/znodes/cluster.ts';
import {
  decodeController,
  decodeControllerEpoch,
  encodeController,
  encodeControllerEpoch,
} from '../../../broker/zookeeper/znodes/controller.ts';
import {
  decodeConfigChange,
  decodeEntityConfig,
  encodeConfigChange,
  encodeEntityConfig,
} from '../../../broker/zookeeper/znodes/entity-config.ts';
import { ZnodeFormatError } from '../../../broker/zookeeper/znodes/json.ts';
import {
  decodePartitionState,
  encodePartitionState,
} from '../../../broker/zookeeper/znodes/partition-state.ts';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
} from '../../../broker/zookeeper/znodes/producer-id-block.ts';
import {
  decodeIsrChange,
  decodePreferredElection,
  decodeReassignPartitions,
} from '../../../broker/zookeeper/znodes/requests.ts';
import {
  decodeTopicAssignment,
  encodeTopicAssignment,
} from '../../../broker/zookeeper/znodes/topic-assignment.ts';

const path = '/p';
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** As a cluster of Apache Kafka 3.9.1 wrote them: decoded and encoded again, they are the same bytes. */
const written: readonly [string, string, (data: Buffer) => Buffer][] = [
  [
    'a broker',
    '{"features":{},"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},"endpoints":["PLAINTEXT://127.0.0.1:23092"],"rack":"r1","jmx_port":-1,"port":23092,"host":"127.0.0.1","version":5,"timestamp":"1795361240439"}',
    (data) => encodeBrokerRegistration(decodeBrokerRegistration(data, path)),
  ],
  [
    'the controller',
    '{"version":2,"brokerid":2,"timestamp":"1795361234737","kraftControllerEpoch":-1}',
    (data) => encodeController(decodeController(data, path)),
  ],
  ['the controller epoch', '4', (data) => encodeControllerEpoch(decodeControllerEpoch(data, path))],
  [
    'a topic in the middle of a reassignment',
    '{"partitions":{"0":[2,1],"1":[2,1]},"topic_id":"5JR46xrCQRqo47noGK5Oqg","adding_replicas":{},"removing_replicas":{"0":[1]},"version":3}',
    (data) => encodeTopicAssignment(decodeTopicAssignment(data, path)),
  ],
  [
    'a topic made by a tool',
    '{"partitions":{"0":[2,1]},"adding_replicas":{},"removing_replicas":{},"version":3}',
    (data) => encodeTopicAssignment(decodeTopicAssignment(data, path)),
  ],
  [
    'the state of a partition',
    '{"controller_epoch":4,"leader":2,"version":1,"leader_epoch":2,"isr":[2,1]}',
    (data) => encodePartitionState(decodePartitionState(data, path)),
  ],
  [
    'a configuration',
    '{"version":1,"config":{"cleanup.policy":"delete","segment.bytes":"1048576","retention.ms":"86400000"}}',
    (data) => encodeEntityConfig(decodeEntityConfig(data, path)),
  ],
  [
    'the change of a configuration',
    '{"version":2,"entity_path":"users/u1/clients/c1"}',
    (data) => encodeConfigChange(decodeConfigChange(data, path)),
  ],
  [
    'the id of the cluster',
    '{"version":"1","id":"EW04nLA_QgeL_f8mXF2NsQ"}',
    (data) => encodeClusterId(decodeClusterId(data, path)),
  ],
  [
    'a block of producer ids',
    '{"version":1,"broker":1,"block_start":"2000","block_end":"2999"}',
    (data) => {
      const block = decodeProducerIdBlock(data, path);
      return block === null ? Buffer.alloc(0) : encodeProducerIdBlock(block);
    },
  ],
];

describe('Znodes of Apache Kafka', () => {
  it.each(written)('are read and written byte for byte: %s', (_, text, again) => {
    expect(again(utf8(text)).toString()).toBe(text);
  });

  it('have a feature node of version 2 from 3.3 on', () => {
    expect(encodeFeature(2).toString()).toBe('{"features":{},"version":2,"status":1}');
  });
});

describe('A broker registration', () => {
  const broker = {
    version: 5,
    endpoints: [
      { listenerName: 'INTERNAL', host: '::1', port: 9092, securityProtocol: 'SSL' },
      { listenerName: 'EXTERNAL', host: 'kafka', port: 9094, securityProtocol: 'PLAINTEXT' },
    ],
    rack: null,
    jmxPort: -1,
    timestampMs: 1,
  } as const;

  it('keeps several listeners, addresses of IPv6 in brackets, and names a plain one first', () => {
    const data = encodeBrokerRegistration(broker);
    expect(data.toString()).toContain(
      '"endpoints":["INTERNAL://[::1]:9092","EXTERNAL://kafka:9094"]',
    );
    expect(data.toString()).toContain('"port":9094,"host":"kafka"');
    expect(decodeBrokerRegistration(data, path)).toEqual(broker);
  });

  it('has no host and port without a plain listener, and no features in version 4', () => {
    const data = encodeBrokerRegistration({
      ...broker,
      version: 4,
      endpoints: [broker.endpoints[0]],
    }).toString();
    expect(data).toContain('"port":-1,"host":null,"version":4');
    expect(data).not.toContain('features');
  });

  it('is read in the versions before listeners had names', () => {
    const one = '{"version":1,"host":"a","port":9092,"jmx_port":-1,"timestamp":"5"}';
    expect(decodeBrokerRegistration(utf8(one), path).endpoints).toEqual([
      { listenerName: 'PLAINTEXT', host: 'a', port: 9092, securityProtocol: 'PLAINTEXT' },
    ]);
    const two = '{"version":2,"host":null,"port":-1,"endpoints":["SSL://a:9093"],"timestamp":"5"}';
    expect(decodeBrokerRegistration(utf8(two), path).endpoints).toEqual([
      { listenerName: 'SSL', host: 'a', port: 9093, securityProtocol: 'SSL' },
    ]);
  });
});

describe('Requests by znode', () => {
  it('are read as the tools write them', () => {
    const reassign = '{"version":1,"partitions":[{"topic":"zk1","partition":0,"replicas":[2]}]}';
    expect(decodeReassignPartitions(utf8(reassign), path)).toEqual([
      { topic: 'zk1', partition: 0, replicas: [2] },
    ]);
    const election = '{"version":1,"partitions":[{"topic":"t","partition":42}]}';
    expect(decodePreferredElection(utf8(election), path)).toEqual([{ topic: 't', partition: 42 }]);
    expect(decodeIsrChange(utf8(election), path)).toEqual([{ topic: 't', partition: 42 }]);
  });
});

describe('Nodes without data', () => {
  it('are no configuration and no block, and an error where data is needed', () => {
    expect(decodeEntityConfig(null, path).size).toBe(0);
    expect(decodeProducerIdBlock(null, path)).toBeNull();
    expect(() => decodePartitionState(null, '/brokers/topics/t/partitions/0/state')).toThrow(
      'The data of znode /brokers/topics/t/partitions/0/state cannot be read: it has no data',
    );
  });
});

describe('Data that is not what it should be', () => {
  it.each([
    ['not json', 'it is not JSON'],
    ['[1]', 'it is not a JSON object'],
    ['{"leader":"1"}', 'leader is not a whole number'],
    ['{"leader":1,"leader_epoch":0,"isr":[1,"2"]}', 'isr is not a list of whole numbers'],
    ['{"leader":1.5}', 'leader is not a whole number'],
  ])('is refused by name of path and field: %s', (text, reason) => {
    expect(() => decodePartitionState(utf8(text), '/x')).toThrow(
      `The data of znode /x cannot be read: ${reason}`,
    );
  });

  it.each([
    ['{"partitions":{"a":[1]}}', "partitions has a partition 'a'"],
    ['{"partitions":{"0":1}}', 'partitions.0 is not a list'],
    ['{"partitions":{},"topic_id":"short"}', "topic_id 'short' is not a UUID"],
  ])('is refused in an assignment: %s', (text, reason) => {
    expect(() => decodeTopicAssignment(utf8(text), '/x')).toThrow(reason);
  });

  it.each([
    ['{"version":5,"endpoints":["nonsense"]}', "endpoint 'nonsense' is not NAME://host:port"],
    ['{"endpoints":[]}', 'version is not a whole number'],
    ['{"version":0,"endpoints":[]}', 'version 0 is unknown'],
  ])('is refused in a registration: %s', (text, reason) => {
    expect(() => decodeBrokerRegistration(utf8(text), '/x')).toThrow(reason);
  });

  it('never makes a decoder fail in any other way', () => {
    const decoders: readonly ((data: Buffer, at: string) => unknown)[] = [
      decodeBrokerRegistration,
      decodeController,
      decodeControllerEpoch,
      decodeTopicAssignment,
      decodePartitionState,
      decodeEntityConfig,
      decodeConfigChange,
      decodeClusterId,
      decodeProducerIdBlock,
      decodeReassignPartitions,
      decodePreferredElection,
    ];
    const keys = [
      'version',
      'partitions',
      'config',
      'endpoints',
      'isr',
      'topic_id',
      'brokerid',
      '0',
    ];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        fc.integer(),
        fc.string(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 6 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.constantFrom(...decoders), (json, decode) => {
        const error = failureOf(() => decode(utf8(JSON.stringify(json)), path));
        expect(error === null || error instanceof ZnodeFormatError).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
    return null;
  } catch (error) {
    return error;
  }
}
