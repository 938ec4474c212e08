/** Who this broker is, where it listens, and where ZooKeeper is. */

import { anything, atLeast, matching } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import { bool, int, keysOf, perBroker, string, unused } from './define.ts';
import { kafkaVersion } from './version-key.ts';

const port = matching('a port between 0 and 65535, or empty for none', /^\d{0,5}$/);

export const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;

const listenerProtocols = securityProtocols.map((name) => `${name}:${name}`).join(',');

export const clusterKeys: readonly ConfigKey[] = keysOf({
  'broker.id': int(-1, atLeast(-1), 'Id of this broker; -1 has ZooKeeper give one.'),
  'broker.id.generation.enable': bool(true, 'Whether a broker without an id is given one.'),
  'reserved.broker.max.id': int(1000, atLeast(0), 'Ids that are given start above this one.'),
  'broker.rack': string(null, anything, 'Rack or zone; replicas are spread over racks.'),
  'node.id': unused(int(-1, atLeast(-1), 'Id of a node in KRaft mode.')),

  listeners: string('PLAINTEXT://:9092', anything, 'Addresses to listen on, as NAME://host:port.'),
  'advertised.listeners': perBroker(
    string(null, anything, 'Addresses that clients are told; those of listeners if not set.'),
  ),
  'listener.security.protocol.map': string(
    listenerProtocols,
    anything,
    'Security protocol of each listener name.',
  ),
  'inter.broker.listener.name': string(null, anything, 'Listener that brokers use to each other.'),
  'security.inter.broker.protocol': string(
    'PLAINTEXT',
    matching(`one of ${securityProtocols.join(', ')}`, /^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$/),
    'Security protocol between brokers, where no listener name is given.',
  ),
  'inter.broker.protocol.version': string(
    '3.9-IV0',
    kafkaVersion,
    'Version in which brokers of a mixed cluster talk to each other.',
  ),
  'host.name': string('', anything, 'Host to listen on; replaced by listeners (Kafka before 3.0).'),
  port: int(9092, port, 'Port to listen on; replaced by listeners (Kafka before 3.0).'),
  'advertised.host.name': string(
    null,
    anything,
    'Host that clients are told; replaced by advertised.listeners (Kafka before 3.0).',
  ),
  'advertised.port': int(
    null,
    port,
    'Port that clients are told; replaced by advertised.listeners (Kafka before 3.0).',
  ),

  'zookeeper.connect': string(
    null,
    anything,
    'ZooKeeper servers as host:port,host:port/chroot; local: keeps the store in this process.',
  ),
  'zookeeper.session.timeout.ms': int(18_000, atLeast(1), 'Silence after which a broker is gone.'),
  'zookeeper.connection.timeout.ms': int(
    null,
    atLeast(1),
    'Time to connect to ZooKeeper; the session timeout if not set.',
  ),
  'zookeeper.set.acl': unused(bool(false, 'Whether znodes are made with restrictive ACLs.')),
  'zookeeper.max.in.flight.requests': unused(int(10, atLeast(1), 'Requests sent at once.')),

  'odradek.http.port': string('9404', port, 'Port of /healthz, /readyz and /metrics; empty: none.'),
  'odradek.http.host': string('0.0.0.0', anything, 'Address that odradek.http.port is opened on.'),
  'odradek.instance.file': string(
    null,
    anything,
    'JSON file {listeners, rack, generation} of this pod; the broker waits for it and watches it.',
  ),
});
