/** How replicas follow their leaders. */

import type { SettingReader } from '../setting-reader.ts';

export interface ReplicaSettings {
  readonly numReplicaFetchers: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaLagTimeMaxMs: number;
  readonly replicaSocketTimeoutMs: number;
}

export function replicaSettings(read: SettingReader): ReplicaSettings {
  return {
    numReplicaFetchers: read.number('num.replica.fetchers'),
    replicaFetchMinBytes: read.number('replica.fetch.min.bytes'),
    replicaFetchMaxBytes: read.number('replica.fetch.max.bytes'),
    replicaFetchResponseMaxBytes: read.number('replica.fetch.response.max.bytes'),
    replicaFetchWaitMaxMs: read.number('replica.fetch.wait.max.ms'),
    replicaFetchBackoffMs: read.number('replica.fetch.backoff.ms'),
    replicaLagTimeMaxMs: read.number('replica.lag.time.max.ms'),
    replicaSocketTimeoutMs: read.number('replica.socket.timeout.ms'),
  };
}
