/** What the services of a broker are built from. */

import type { BrokerAddress, BrokerConnection } from './client/broker-connection.ts';
import type { ConfigStore } from './config-store/config-store.ts';
import type { Controller } from './controller/controller.ts';
import type { LogManager } from './log/log-manager.ts';
import type { BrokerMetrics } from './metrics/metrics.ts';
import type { Platform } from './platform/platform.ts';
import type { Quota } from './quota/quota.ts';
import type { Authorizer } from './security/authorizer.ts';
import type { ZooKeeperSession } from './zookeeper/port.ts';

export type ConnectToBroker = (
  address: BrokerAddress,
  use: { readonly what: string; readonly requestTimeoutMs: number },
) => Promise<BrokerConnection>;

export interface ServiceOptions {
  readonly brokerId: number;
  readonly clusterId: string;
  readonly configs: ConfigStore;
  readonly logs: LogManager;
  readonly platform: Platform;
  readonly metrics: BrokerMetrics;
  readonly authorizer: Authorizer;
  readonly quota: Quota;
  readonly brokerEpoch: () => number | null;
  readonly session: () => ZooKeeperSession;
  /** `what` names the connection's use. Rejects with a ConnectionError. */
  readonly connect: ConnectToBroker;
  readonly isController: () => boolean;
  /** Null where another broker is it. */
  readonly controller: () => Controller | null;
  /** What the controller has sent so far has arrived, or the time is over. */
  readonly delivered: (timeoutMs: number) => Promise<void>;
  /** A request of a controller has this epoch, which is higher than those before. */
  readonly onControllerEpoch: (controllerEpoch: number) => void;
}
