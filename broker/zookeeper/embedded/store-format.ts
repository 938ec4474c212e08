/** The lines of the store's file: how they are written, and read from what may be anything. */

import type { Change, NodeRecord } from './tree.ts';

const magic = 'odradek-store';
const formatVersion = 1;

type Data = string | readonly [string] | null;

export function encodeHead(zxid: number): string {
  return `${JSON.stringify([magic, formatVersion, zxid])}\n`;
}

/** The zxid; null if the line is no head of this format. */
export function decodeHead(line: string): number | null {
  const fields = parseList(line);
  if (fields?.[0] !== magic || fields[1] !== formatVersion) return null;
  return isCount(fields[2]) ? fields[2] : null;
}

export function encodeRecords(records: readonly NodeRecord[]): string {
  const rows = records.map((node) => [
    'n',
    node.path,
    encodeData(node.data),
    node.czxid,
    node.mzxid,
    node.version,
    node.owner,
    node.created,
  ]);
  return `${JSON.stringify(rows)}\n`;
}

export function encodeChanges(changes: readonly Change[]): string {
  return `${JSON.stringify(changes.map(encodeChange))}\n`;
}

/** A line holds nodes or changes, not both. */
export type StoreLine =
  | { readonly type: 'records'; readonly records: readonly NodeRecord[] }
  | { readonly type: 'changes'; readonly changes: readonly Change[] };

/** Null if the line cannot be read. */
export function decodeLine(line: string): StoreLine | null {
  const rows = parseList(line);
  if (rows === null) return null;
  const lists = rows.map((row) => (isList(row) ? row : []));
  if (lists[0]?.[0] === 'n') {
    const records = lists.map(decodeRecord);
    return records.every((record) => record !== null) ? { type: 'records', records } : null;
  }
  const changes = lists.map(decodeChange);
  return changes.every((change) => change !== null) ? { type: 'changes', changes } : null;
}

function encodeChange(change: Change): readonly unknown[] {
  switch (change.type) {
    case 'create':
      return ['c', change.path, encodeData(change.data), change.owner];
    case 'set':
      return ['s', change.path, encodeData(change.data)];
    case 'remove':
      return ['d', change.path];
    case 'end':
      return ['e', change.owner];
    case 'open':
      return ['o'];
  }
}

function decodeChange([tag, first, second, third]: readonly unknown[]): Change | null {
  if (tag === 'o') return { type: 'open' };
  if (typeof first !== 'string') return null;
  if (tag === 'd') return { type: 'remove', path: first };
  if (tag === 'e') return { type: 'end', owner: first };
  if (!isData(second)) return null;
  const data = decodeData(second);
  if (tag === 's') return { type: 'set', path: first, data };
  if (tag !== 'c' || !isTextOrNull(third)) return null;
  return { type: 'create', path: first, data, owner: third };
}

function decodeRecord(fields: readonly unknown[]): NodeRecord | null {
  const [tag, path, data, czxid, mzxid, version, owner, created] = fields;
  if (tag !== 'n' || typeof path !== 'string' || !isData(data) || !isTextOrNull(owner)) return null;
  if (!isCount(czxid) || !isCount(mzxid) || !isCount(version) || !isCount(created)) return null;
  return { path, data: decodeData(data), czxid, mzxid, version, owner, created };
}

function encodeData(data: Buffer | null): Data {
  if (data === null) return null;
  const text = data.toString('utf8');
  return Buffer.from(text, 'utf8').equals(data) ? text : [data.toString('base64')];
}

function decodeData(data: Data): Buffer | null {
  if (data === null) return null;
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : Buffer.from(data[0], 'base64');
}

function isData(value: unknown): value is Data {
  return (
    isTextOrNull(value) || (isList(value) && value.length === 1 && typeof value[0] === 'string')
  );
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function parseList(line: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(line);
    return isList(value) ? value : null;
  } catch {
    return null;
  }
}
