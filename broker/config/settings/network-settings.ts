/** Connections, requests and their limits. Infinity: no limit. */

import type { SettingReader } from '../setting-reader.ts';

export interface NetworkSettings {
  readonly socketRequestMaxBytes: number;
  readonly socketListenBacklogSize: number;
  readonly queuedMaxRequestBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  readonly connectionsMaxIdleMs: number;
  readonly requestTimeoutMs: number;
  readonly fetchMaxBytes: number;
  readonly maxIncrementalFetchSessionCacheSlots: number;
}

export function networkSettings(read: SettingReader): NetworkSettings {
  return {
    socketRequestMaxBytes: read.number('socket.request.max.bytes'),
    socketListenBacklogSize: read.number('socket.listen.backlog.size'),
    queuedMaxRequestBytes: read.limit('queued.max.request.bytes'),
    maxConnections: read.number('max.connections'),
    maxConnectionsPerIp: read.number('max.connections.per.ip'),
    maxConnectionsPerIpOverrides: overrides(read.list('max.connections.per.ip.overrides')),
    connectionsMaxIdleMs: read.limit('connections.max.idle.ms'),
    requestTimeoutMs: read.number('request.timeout.ms'),
    fetchMaxBytes: read.number('fetch.max.bytes'),
    maxIncrementalFetchSessionCacheSlots: read.number('max.incremental.fetch.session.cache.slots'),
  };
}

/** `host:count`; the host may be an IPv6 address, so the last colon counts. */
function overrides(pairs: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    pairs.map((pair) => {
      const colon = pair.lastIndexOf(':');
      return [pair.slice(0, colon).trim(), Number(pair.slice(colon + 1))];
    }),
  );
}
