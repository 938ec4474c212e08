/** Putting an applied object into the live one, and taking fields out of it, by the same paths. */

import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonArray, isJsonObject, omit } from '../json.ts';
import type { FieldPath } from './field-set.ts';
import { listStep } from './field-set.ts';
import { isAtomicItem, isAtomicMap, itemNames } from './list-keys.ts';

/** The live object with every field of `applied` set. */
export function merge(live: JsonObject, applied: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    result[name] = mergeValue(live[name], value, name);
  }
  return result;
}

/** The object without the field, list item or whole branch at `path`. */
export function without(object: JsonObject, path: FieldPath): JsonObject {
  const result = removeBelow(object, path, '');
  return isJsonObject(result) ? result : object;
}

function mergeValue(live: JsonValue | undefined, applied: JsonValue, field: string): JsonValue {
  if (isJsonObject(live) && isJsonObject(applied) && !isAtomicMap(field)) {
    return Object.keys(applied).length === 0 ? live : merge(live, applied);
  }
  if (isJsonArray(live) && isJsonArray(applied)) return mergeList(live, applied, field);
  return applied;
}

/**
 * The live order stays while the applied items stand in it in their own order, so that two managers
 * of one list do not turn it round at every apply; otherwise the applied order wins.
 */
function mergeList(
  live: readonly JsonValue[],
  applied: readonly JsonValue[],
  field: string,
): JsonValue {
  const liveNames = itemNames(field, live);
  const names = itemNames(field, applied);
  if (names === null || liveNames === null) return applied;
  const item = (name: string): JsonValue => {
    const ours = applied[names.indexOf(name)];
    const theirs = live[liveNames.indexOf(name)];
    if (ours === undefined) return theirs ?? null;
    if (isAtomicItem(field) || !isJsonObject(theirs) || !isJsonObject(ours)) return ours;
    return merge(theirs, ours);
  };
  const shared = liveNames.filter((name) => names.includes(name));
  const inOrder = names.filter((name) => shared.includes(name)).join() === shared.join();
  const rest = (all: readonly string[], known: readonly string[]): readonly string[] =>
    all.filter((name) => !known.includes(name));
  const order = inOrder
    ? [...liveNames, ...rest(names, liveNames)]
    : [...names, ...rest(liveNames, names)];
  return order.map(item);
}

function removeBelow(value: JsonValue, path: FieldPath, field: string): JsonValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (isJsonArray(value)) return removeItem(value, { step, rest, field });
  const name = step.slice(1);
  const inner = isJsonObject(value) ? value[name] : undefined;
  if (!isJsonObject(value) || inner === undefined) return value;
  const kept = removeBelow(inner, rest, name);
  return kept === undefined ? omit(value, [name]) : { ...value, [name]: kept };
}

function removeItem(
  list: readonly JsonValue[],
  where: { readonly step: string; readonly rest: FieldPath; readonly field: string },
): JsonValue | undefined {
  const names = itemNames(where.field, list) ?? [];
  const index = names.findIndex((name) => listStep(name) === where.step);
  const item = list[index];
  if (item === undefined) return list;
  const kept = removeBelow(item, where.rest, '');
  const result = kept === undefined ? list.toSpliced(index, 1) : list.with(index, kept);
  return result.length === 0 ? undefined : result;
}
