/** JSON as the object store keeps it: frozen, without `undefined`, compared by value. */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [field: string]: JsonValue;
}

/** A frozen copy; fields that are undefined are left out. Throws a TypeError on what JSON has no form for. */
export function toJson(value: unknown): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${String(value)} has no form in JSON`);
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => toJson(item)));
      return toJsonObject(value);
    default:
      throw new TypeError(`a ${typeof value} has no form in JSON`);
  }
}

export function toJsonObject(value: object): JsonObject {
  const fields = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]: [string, unknown]) => [name, toJson(item)] as const);
  return Object.freeze(Object.fromEntries(fields));
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isJsonArray(value);
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Equal by value; the order of an object's fields does not count. */
export function equalJson(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true;
  if (isJsonArray(one) && isJsonArray(other)) {
    return one.length === other.length && one.every((item, index) => equalJson(item, other[index]));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equalJson(one[name], other[name]))
  );
}

/** The object without some of its fields. */
export function omit(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Text with the fields of objects in alphabetical order: equal values have equal text. */
export function canonicalText(value: JsonValue): string {
  if (isJsonArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonicalText(item)}`).join(',')}}`;
}
