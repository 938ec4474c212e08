/** How stored objects are found: keys, what a list or a watch selects, what a watcher sees of a change. */

import type { ListOptions, ObjectKey, ResourceKind } from '../../kube/port.ts';
import { isJsonObject } from '../json.ts';
import type { Change } from './history.ts';
import type { StoredObject } from './stored-object.ts';
import { labelsOf } from './stored-object.ts';

export type KindName = Pick<ResourceKind, 'apiVersion' | 'kind'>;

export function keyOf(kind: KindName, key: ObjectKey): string {
  return [kind.apiVersion, kind.kind, key.namespace, key.name].join(' ');
}

export function describe(kind: KindName, key: ObjectKey): string {
  return `${kind.kind} ${key.namespace}/${key.name}`;
}

export function isSelected(stored: StoredObject, kind: KindName, options: ListOptions): boolean {
  const { system } = stored;
  if (system.apiVersion !== kind.apiVersion || system.kind !== kind.kind) return false;
  if (options.namespace !== undefined && options.namespace !== system.namespace) return false;
  const labels = labelsOf(stored);
  return Object.entries(options.labels ?? {}).every(([name, value]) => labels[name] === value);
}

/** What a watcher sees of a change: an object that leaves its selection is deleted for it. */
export function eventType(
  change: Change,
  selects: (stored: StoredObject) => boolean,
): 'added' | 'modified' | 'deleted' | null {
  const before = change.before !== null && selects(change.before);
  const after = change.after !== null && selects(change.after);
  if (before) return after ? 'modified' : 'deleted';
  return after ? 'added' : null;
}

/** Only pods end gracefully: their processes have to stop first. */
export function gracePeriodSeconds(stored: StoredObject): number {
  if (stored.system.kind !== 'Pod') return 0;
  const spec = stored.content['spec'];
  const seconds = isJsonObject(spec) ? spec['terminationGracePeriodSeconds'] : undefined;
  return typeof seconds === 'number' ? seconds : 30;
}
