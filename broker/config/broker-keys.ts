/** The one table of a broker's configuration keys. */

import assert from 'node:assert/strict';
import type { ConfigKey } from './config-key.ts';
import { clusterKeys } from './keys/cluster-keys.ts';
import { groupKeys } from './keys/group-keys.ts';
import { logKeys } from './keys/log-keys.ts';
import { networkKeys } from './keys/network-keys.ts';
import { replicationKeys } from './keys/replication-keys.ts';
import { unusedKeys, unusedPrefixes } from './keys/unused-keys.ts';

/** By name, in the order of the tables. */
export const brokerKeys: ReadonlyMap<string, ConfigKey> = new Map(
  [...clusterKeys, ...networkKeys, ...replicationKeys, ...logKeys, ...groupKeys, ...unusedKeys].map(
    (key) => [key.name, key],
  ),
);

/** A key that the code itself names: it is in the table. */
export function brokerKey(name: string): ConfigKey {
  const key = brokerKeys.get(name);
  assert(key !== undefined, `no configuration key ${name}`);
  return key;
}

/** Known to Kafka and not to this broker, such as `listener.name.external.ssl.keystore.type`. */
export function isUnusedName(name: string): boolean {
  return unusedPrefixes.some((prefix) => name.startsWith(prefix));
}

/** Values of passwords, and of keys that nobody knows, are never shown. */
export function isSensitive(name: string): boolean {
  const key = brokerKeys.get(name);
  return key === undefined || key.type === 'PASSWORD';
}
