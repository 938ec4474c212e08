/**
 * /config/{topics,brokers,clients,users,ips}/E: what has been set for the entity, as text; and the
 * notification in /config/changes that tells every broker to read it again. Intermediate nodes of
 * nested entities have no data, which reads as nothing set.
 */

import { ZnodeFormatError, encodeZnode, parseZnode } from './json.ts';

export type EntityConfig = ReadonlyMap<string, string>;

export function encodeEntityConfig(config: EntityConfig): Buffer {
  return encodeZnode({ version: 1, config: Object.fromEntries(config) });
}

export function decodeEntityConfig(data: Buffer | null, path: string): EntityConfig {
  if (data === null) return new Map();
  const root = parseZnode(data, path);
  if (root.lacks('config')) return new Map();
  const config = root.object('config');
  return new Map([...config.keys()].map((key) => [key, config.text(key)]));
}

/** `entityPath` is that of paths.ts, such as `topics/orders` or `users/alice%20b/clients/c1`. */
export function encodeConfigChange(entityPath: string): Buffer {
  return encodeZnode({ version: 2, entity_path: entityPath });
}

/** The entity path of a notification; version 1 names type and entity apart. */
export function decodeConfigChange(data: Buffer | null, path: string): string {
  const root = parseZnode(data, path);
  const version = root.integer('version');
  if (version === 2) return root.text('entity_path');
  if (version === 1) return `${root.text('entity_type')}/${root.text('entity_name')}`;
  throw new ZnodeFormatError(path, `version ${String(version)} is unknown`);
}
