/** What a broker is started with. */

import type { ClusterConnection } from './cluster-connection.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import type { TopicToCreate } from './config/create-topics.ts';
import type { Properties } from './config/resolve.ts';
import type { Platform } from './platform/platform.ts';
import type { Quota } from './quota/quota.ts';
import type { Authorizer } from './security/authorizer.ts';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  /** As `config` was built from. */
  readonly properties: Properties;
  readonly createTopics: readonly TopicToCreate[];
  readonly platform: Platform;
  /** CPU and memory of the process are among the metrics. */
  readonly processMetrics: boolean;
  /** The broker cannot go on; it has said why. */
  readonly onFatal: (error: unknown) => void;
  /** Default: what `zookeeper.connect` names. */
  readonly cluster?: ClusterConnection;
  /** Default: everybody may do everything. */
  readonly authorizer?: Authorizer;
  /** Default: no limits. */
  readonly quota?: Quota;
}
