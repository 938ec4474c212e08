/**
 * Which lists are merged item by item, and what names an item there; which maps are replaced whole.
 * The API server takes this from the schema of each type. Here it is told by the field's name, which
 * is enough for the types that an operator of ours applies; any other list is atomic.
 */

import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonArray, isJsonObject } from '../json.ts';

const KEYS: Readonly<Record<string, readonly string[]>> = {
  brokers: ['id'],
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  listeners: ['name'],
  ownerReferences: ['uid'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

/** Lists of scalars that are sets: each value is an item of its own. */
const SETS: ReadonlySet<string> = new Set(['finalizers']);

const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'configMapKeyRef',
  'fieldRef',
  'labelSelector',
  'resourceFieldRef',
  'secretKeyRef',
  'selector',
]);

export function isAtomicMap(field: string): boolean {
  return ATOMIC_MAPS.has(field);
}

/** Items of owner references have an owner each, but are replaced whole. */
export function isAtomicItem(list: string): boolean {
  return list === 'ownerReferences' || SETS.has(list);
}

/**
 * The names of a list's items, in the list's order: null if the list is atomic. Throws a TypeError
 * if two items have one name.
 */
export function itemNames(field: string, list: readonly JsonValue[]): readonly string[] | null {
  const names = list.map((item) => itemName(field, item));
  const known = names.filter((name) => name !== null);
  if (known.length < names.length || !mergesItems(field)) return null;
  const repeated = known.find((name, index) => known.indexOf(name) !== index);
  if (repeated !== undefined) throw new TypeError(`${field}: ${repeated} occurs more than once`);
  return known;
}

function mergesItems(field: string): boolean {
  return field === 'ports' || SETS.has(field) || Object.hasOwn(KEYS, field);
}

function itemName(field: string, item: JsonValue): string | null {
  if (SETS.has(field)) return isJsonArray(item) || isJsonObject(item) ? null : JSON.stringify(item);
  if (!isJsonObject(item)) return null;
  if (field === 'ports') return portName(item);
  const values = (KEYS[field] ?? []).map((key) => item[key]);
  return values.some((value) => value === undefined) ? null : JSON.stringify(values);
}

/** A port's protocol is part of its name and TCP where it is not said. */
function portName(port: JsonObject): string | null {
  const number = port['containerPort'] ?? port['port'];
  return number === undefined ? null : JSON.stringify([number, port['protocol'] ?? 'TCP']);
}
