/** Who this broker is, and where ZooKeeper is. */

import type { SettingReader } from '../setting-reader.ts';

const EMBEDDED = 'local:';

export interface ClusterSettings {
  /** -1: ZooKeeper gives one, unless meta.properties has it. */
  readonly brokerId: number;
  readonly reservedBrokerMaxId: number;
  readonly brokerRack: string | null;
  readonly interBrokerProtocolVersion: string;
  readonly zookeeperConnect: string;
  /** The store is in this process (`local:`): the cluster has no other broker, and never will. */
  readonly zookeeperIsEmbedded: boolean;
  readonly zookeeperSessionTimeoutMs: number;
  readonly zookeeperConnectionTimeoutMs: number;
  /** Null: no HTTP server. 0: the system chooses. */
  readonly odradekHttpPort: number | null;
  readonly odradekHttpHost: string;
  /** Null: listeners and rack are those of the configuration. */
  readonly odradekInstanceFile: string | null;
}

export function clusterSettings(read: SettingReader): ClusterSettings {
  const httpPort = read.optional('odradek.http.port');
  const connectionTimeout = read.optional('zookeeper.connection.timeout.ms');
  return {
    brokerId: read.number('broker.id'),
    reservedBrokerMaxId: read.number('reserved.broker.max.id'),
    brokerRack: read.optional('broker.rack'),
    interBrokerProtocolVersion: read.text('inter.broker.protocol.version'),
    zookeeperConnect: read.text('zookeeper.connect'),
    zookeeperIsEmbedded: read.text('zookeeper.connect') === EMBEDDED,
    zookeeperSessionTimeoutMs: read.number('zookeeper.session.timeout.ms'),
    zookeeperConnectionTimeoutMs:
      connectionTimeout === null
        ? read.number('zookeeper.session.timeout.ms')
        : Number(connectionTimeout),
    odradekHttpPort: httpPort === null ? null : Number(httpPort),
    odradekHttpHost: read.text('odradek.http.host'),
    odradekInstanceFile: read.optional('odradek.instance.file'),
  };
}
