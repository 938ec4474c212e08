/** ConfigMaps and Secrets of one namespace, as containers ask for them. */

import type { ConfigMap, Secret } from '../resources/others.ts';

export interface DataReference {
  readonly name: string;
  readonly optional: boolean;
}

/** A ConfigMap, Secret or key is not there (yet). */
export class MissingData extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MissingData';
  }
}

export interface DataSource {
  /** Every key; empty if it is missing and optional. */
  all(kind: DataKind, reference: DataReference): ReadonlyMap<string, Buffer>;
  /** One key; null if it is missing and optional. */
  one(kind: DataKind, reference: DataReference & { readonly key: string }): Buffer | null;
}

export type DataKind = 'ConfigMap' | 'Secret';

export function dataSource(
  find: (kind: DataKind, name: string) => ConfigMap | Secret | undefined,
): DataSource {
  const all: DataSource['all'] = (kind, { name, optional }) => {
    const found = find(kind, name);
    if (found === undefined && !optional) throw new MissingData(`${kind} ${name} does not exist`);
    return found === undefined ? new Map() : contents(kind, found);
  };
  return {
    all,
    one(kind, { name, key, optional }) {
      const value = all(kind, { name, optional }).get(key);
      if (value === undefined && !optional) throw new MissingData(`${kind} ${name} has no ${key}`);
      return value ?? null;
    },
  };
}

function contents(kind: DataKind, object: ConfigMap | Secret): ReadonlyMap<string, Buffer> {
  const encoding = kind === 'Secret' ? 'base64' : 'utf8';
  const entries = Object.entries(object.data).map(
    ([key, value]) => [key, Buffer.from(value, encoding)] as const,
  );
  const binary = 'binaryData' in object ? Object.entries(configMapBinary(object)) : [];
  return new Map([
    ...entries,
    ...binary.map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ]);
}

function configMapBinary(object: ConfigMap | Secret): Readonly<Record<string, string>> {
  const { binaryData } = object;
  if (typeof binaryData !== 'object' || binaryData === null) return {};
  return Object.fromEntries(
    Object.entries(binaryData).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
