/**
 * `meta.properties` in the root of a log.dir: which broker of which cluster the folder belongs to. A
 * file of Java properties; lines that are not known, such as directory.id, are kept.
 */

export const META_PROPERTIES_FILE = 'meta.properties';

export interface MetaProperties {
  readonly brokerId: number | null;
  readonly clusterId: string | null;
  readonly others: ReadonlyMap<string, string>;
}

/** Throws where the version is unknown or the broker id is no number. */
export function decodeMetaProperties(text: string): MetaProperties {
  const others = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:\s]\s*(.*?)\s*$/.exec(line);
    if (match !== null) others.set(match[1] ?? '', (match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  const version = others.get('version');
  if (version !== '0') {
    throw new Error(`version is ${version ?? 'missing'}; folders of ZooKeeper mode have version=0`);
  }
  const id = others.get('broker.id');
  if (id !== undefined && !/^\d+$/.test(id)) throw new Error(`broker.id=${id} is not a number`);
  const clusterId = others.get('cluster.id') ?? null;
  for (const key of ['version', 'broker.id', 'cluster.id']) others.delete(key);
  return { brokerId: id === undefined ? null : Number(id), clusterId, others };
}

export function encodeMetaProperties(meta: MetaProperties): string {
  const lines = ['#', 'version=0'];
  if (meta.brokerId !== null) lines.push(`broker.id=${String(meta.brokerId)}`);
  if (meta.clusterId !== null) lines.push(`cluster.id=${meta.clusterId}`);
  for (const [key, value] of meta.others) lines.push(`${key}=${value}`);
  return `${lines.join('\n')}\n`;
}
