/**
 * Server-side apply, as a pure function: who owns which field, what conflicts, what goes when a
 * manager no longer sets it. See "Server-Side Apply" in the documentation of Kubernetes.
 */

import type { JsonObject } from '../json.ts';
import { equalJson } from '../json.ts';
import type { FieldPath } from './field-set.ts';
import { FieldSet, fieldsOf, pathText, valueAt } from './field-set.ts';
import { merge, without } from './merge.ts';

/** Field manager -> the fields that it owns. */
export type Owners = ReadonlyMap<string, FieldSet>;

export interface OwnedObject {
  readonly object: JsonObject;
  readonly owners: Owners;
}

export interface Conflict {
  readonly field: string;
  readonly manager: string;
}

export type ApplyResult = ({ readonly conflicts: readonly [] } & OwnedObject) | Conflicted;

interface Conflicted {
  readonly conflicts: readonly [Conflict, ...Conflict[]];
}

/** Merges what `manager` wants into the live object. */
export function applyFields(
  live: OwnedObject,
  applied: JsonObject,
  options: { readonly manager: string; readonly force: boolean },
): ApplyResult {
  const set = fieldsOf(applied);
  const changed = set.filter((path) => differs(live.object, applied, path));
  const [first, ...others] = conflictsOf(live.owners, options.manager, changed);
  if (first !== undefined && !options.force) return { conflicts: [first, ...others] };
  const before = live.owners.get(options.manager) ?? FieldSet.empty;
  const owners = new Map(
    [...live.owners].map(([name, fields]) => [name, fields.filter((path) => !changed.has(path))]),
  );
  owners.set(options.manager, set);
  const dropped = before.filter((path) => ![...owners.values()].some((own) => own.touches(path)));
  const object = removeAll(merge(live.object, applied), dropped);
  return { conflicts: [], object, owners: tidy(owners, object) };
}

/** An update that is no apply: whoever sends it owns what it changed, and nobody what it removed. */
export function replaceFields(live: OwnedObject, object: JsonObject, manager: string): Owners {
  const changed = fieldsOf(object).filter((path) => differs(live.object, object, path));
  const owners = new Map(
    [...live.owners].map(([name, fields]) => [name, fields.filter((path) => !changed.has(path))]),
  );
  owners.set(manager, (owners.get(manager) ?? FieldSet.empty).union(changed));
  return tidy(owners, object);
}

function differs(live: JsonObject, wanted: JsonObject, path: FieldPath): boolean {
  const there = valueAt(live, path);
  if (there === undefined) return true;
  // An item of a merged list is there or not; what is below it has paths of its own.
  if (path.at(-1)?.startsWith('[') === true && typeof there === 'object') return false;
  return !equalJson(there, valueAt(wanted, path));
}

function conflictsOf(owners: Owners, manager: string, changed: FieldSet): readonly Conflict[] {
  return [...owners]
    .filter(([name]) => name !== manager)
    .flatMap(([name, fields]) =>
      changed
        .paths()
        .filter((path) => fields.has(path))
        .map((path) => ({ field: pathText(path), manager: name })),
    );
}

/** What lies below a list item that goes, goes with it: without its name the item were not found. */
function removeAll(object: JsonObject, dropped: FieldSet): JsonObject {
  const isCovered = (path: FieldPath): boolean =>
    path.some((_, length) => length > 0 && dropped.has(path.slice(0, length)));
  return dropped
    .paths()
    .filter((path) => !isCovered(path))
    .reduce(without, object);
}

function tidy(owners: Owners, object: JsonObject): Owners {
  const kept = [...owners].map(
    ([name, fields]) =>
      [name, fields.filter((path) => valueAt(object, path) !== undefined)] as const,
  );
  return new Map(kept.filter(([, fields]) => fields.size > 0));
}
