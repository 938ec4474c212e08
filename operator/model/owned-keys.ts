/**
 * Configuration keys that people may not set, each with what to do instead. Keys of a cluster are the
 * operator's because it computes them; keys of a topic because the resource has a field for them.
 */

import type { Problem } from '../api/problem.ts';

const byOperator = 'no value, the operator sets it';
const byListeners = 'no value, use spec.listeners';
const byRetention = 'no value, use spec.retention.default';

const brokerOwned: ReadonlyMap<string, string> = new Map([
  ...[
    'broker.id',
    'broker.id.generation.enable',
    'broker.rack',
    'node.id',
    'process.roles',
    'reserved.broker.max.id',
    'log.dir',
    'log.dirs',
    'odradek.instance.file',
    'odradek.http.host',
    'odradek.http.port',
    'inter.broker.listener.name',
    'security.inter.broker.protocol',
    'control.plane.listener.name',
    'listener.security.protocol.map',
  ].map((key): [string, string] => [key, byOperator]),
  ['zookeeper.connect', 'no value, use spec.zookeeper'],
  ...[
    'listeners',
    'advertised.listeners',
    'advertised.host.name',
    'advertised.port',
    'host.name',
    'port',
  ].map((key): [string, string] => [key, byListeners]),
  ...[
    'log.retention.ms',
    'log.retention.minutes',
    'log.retention.hours',
    'log.retention.bytes',
  ].map((key): [string, string] => [key, byRetention]),
]);

const ownedPrefixes = ['controller.quorum.', 'listener.name.'];

/** Null: `key` may have this value as far as the operator is concerned. */
export function brokerKeyProblem(key: string, value: string): Problem | null {
  const field = `spec.config.${key}`;
  const owned = brokerOwned.get(key);
  if (owned !== undefined) return { field, value, allowed: owned };
  if (ownedPrefixes.some((prefix) => key.startsWith(prefix))) {
    return { field, value, allowed: byOperator };
  }
  return null;
}

const topicOwned: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'no value, use spec.cleanupPolicy'],
  ['retention.ms', 'no value, use spec.retention.time'],
  ['retention.bytes', 'no value, use spec.retention.bytes'],
]);

export function topicKeyProblem(key: string, value: string): Problem | null {
  const allowed = topicOwned.get(key);
  return allowed === undefined ? null : { field: `spec.config.${key}`, value, allowed };
}
