/** Signatures first: filled in below. */

import type { Logger } from '../../broker/platform/logger.ts';
import type { KubeClient } from '../kube/port.ts';

/** What happens, in the order it happens: for lines of progress and for tests. */
export type LocalClusterEvent =
  | { readonly type: 'pod-started' | 'pod-ready' | 'pod-stopped'; readonly pod: string }
  | { readonly type: 'pod-restarting'; readonly pod: string; readonly message: string }
  | {
      readonly type: 'condition';
      readonly kind: string;
      readonly name: string;
      readonly condition: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly type: 'file-applied' | 'file-removed' | 'file-refused'; readonly message: string };

export interface LocalClusterOptions {
  /** The folder of YAML files that is watched: saving a file there is `kubectl apply`. */
  readonly folder: string;
  /** Volumes, logs and the list of processes; what a next start finds again. */
  readonly dataFolder: string;
  /** What runs for the broker's image, such as [process.execPath, 'dist/broker/main.js', 'broker']. */
  readonly brokerCommand: readonly string[];
  /** What runs for ZooKeeper's image; the path of a generated zoo.cfg is appended. Null: there is none. */
  readonly zookeeperCommand: readonly string[] | null;
  readonly onEvent: (event: LocalClusterEvent) => void;
  readonly logger: Logger;
}

export interface LocalCluster {
  readonly kube: KubeClient;
  /** Replaces names of Services and pods of `namespace` by the loopback addresses they stand for. */
  resolve(text: string, namespace?: string): string;
  /** Stops brokers, then ZooKeeper, then all else. Idempotent. */
  stop(): Promise<void>;
}

export declare function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster>;
