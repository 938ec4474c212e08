/**
 * The fields that a manager owns, as server-side apply sees them: a scalar, an atomic list or map, an
 * empty map, and each item of a list that is merged by items. A path is a list of steps: `.name` into
 * a map, `[key]` into a list.
 */

import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonArray, isJsonObject } from '../json.ts';
import { isAtomicItem, isAtomicMap, itemNames } from './list-keys.ts';

export type FieldPath = readonly string[];

/** Immutable. */
export class FieldSet {
  static readonly empty = new FieldSet(new Map());
  readonly #paths: ReadonlyMap<string, FieldPath>;

  private constructor(paths: ReadonlyMap<string, FieldPath>) {
    this.#paths = paths;
  }

  static of(paths: Iterable<FieldPath>): FieldSet {
    return new FieldSet(new Map([...paths].map((path) => [path.join('\n'), path])));
  }

  get size(): number {
    return this.#paths.size;
  }

  has(path: FieldPath): boolean {
    return this.#paths.has(path.join('\n'));
  }

  /** Whether the field or anything below it is in the set. */
  touches(path: FieldPath): boolean {
    const text = path.join('\n');
    if (this.#paths.has(text)) return true;
    const below = `${text}\n`;
    return [...this.#paths.keys()].some((other) => other.startsWith(below));
  }

  paths(): readonly FieldPath[] {
    return [...this.#paths.values()];
  }

  filter(keep: (path: FieldPath) => boolean): FieldSet {
    return FieldSet.of(this.paths().filter(keep));
  }

  union(other: FieldSet): FieldSet {
    return new FieldSet(new Map([...this.#paths, ...other.#paths]));
  }
}

/** Every field that an object sets. */
export function fieldsOf(object: JsonObject): FieldSet {
  return FieldSet.of(fieldsBelow(object, [], ''));
}

/** What stands at a path; undefined if nothing does. */
export function valueAt(object: JsonObject, path: FieldPath): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  let field = '';
  for (const step of path) {
    value = child(value, step, field);
    if (step.startsWith('.')) field = step.slice(1);
  }
  return value;
}

/** As users write it, such as `spec.containers[name=broker].image`. */
export function pathText(path: FieldPath): string {
  return path.join('').replace(/^\./, '');
}

export function listStep(name: string): string {
  return `[${name}]`;
}

function* fieldsBelow(value: JsonValue, path: FieldPath, field: string): Generator<FieldPath> {
  if (isJsonArray(value)) {
    yield* fieldsOfList(value, path, field);
  } else if (isJsonObject(value) && Object.keys(value).length > 0 && !isAtomicMap(field)) {
    for (const [name, item] of Object.entries(value)) {
      yield* fieldsBelow(item, [...path, `.${name}`], name);
    }
  } else if (path.length > 0) {
    yield path;
  }
}

function* fieldsOfList(
  list: readonly JsonValue[],
  path: FieldPath,
  field: string,
): Generator<FieldPath> {
  const names = itemNames(field, list);
  if (names === null || list.length === 0) {
    yield path;
    return;
  }
  for (const [index, item] of list.entries()) {
    const itemPath = [...path, listStep(names[index] ?? '')];
    yield itemPath;
    if (isJsonObject(item) && !isAtomicItem(field)) yield* fieldsBelow(item, itemPath, '');
  }
}

function child(value: JsonValue | undefined, step: string, field: string): JsonValue | undefined {
  if (step.startsWith('.')) return isJsonObject(value) ? value[step.slice(1)] : undefined;
  if (!isJsonArray(value)) return undefined;
  const index = itemNames(field, value)?.findIndex((name) => listStep(name) === step) ?? -1;
  return value[index];
}
