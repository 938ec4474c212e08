/** What is checked of an object before it is stored: names and preconditions here, the rest injected. */

import type { KubeObject, ObjectKey } from '../../kube/port.ts';
import { KubeError } from '../../kube/port.ts';
import type { JsonObject } from '../json.ts';
import type { StoredObject } from './stored-object.ts';

/**
 * Returns the object with its defaults; throws a KubeError INVALID (see invalid()) that names field,
 * value and what is allowed. `previous` is null when the object is new. May change nothing in
 * metadata but labels, annotations, ownerReferences and finalizers.
 */
export type Admission = (object: JsonObject, previous: JsonObject | null) => JsonObject;

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

export function invalid(message: string, cause?: unknown): KubeError {
  return new KubeError('INVALID', message, { cause });
}

/** Where an object lives; `default` is the namespace of one that names none. */
export function checkedName(object: KubeObject): ObjectKey {
  const { name, namespace = 'default' } = object.metadata;
  for (const [field, value] of Object.entries({ name, namespace })) {
    if (typeof value !== 'string' || !NAME.test(value) || value.length > 253) {
      throw invalid(
        `metadata.${field}: ${JSON.stringify(value)} is not allowed; it has to be lower-case letters, digits, '-' and '.', at most 253`,
      );
    }
  }
  return { namespace, name };
}

/** A given uid or resourceVersion has to be the live object's. */
export function checkPreconditions(live: StoredObject | null, given: JsonObject): void {
  const { uid, resourceVersion } = given;
  if (uid !== undefined && live?.system.uid !== uid) {
    throw new KubeError('CONFLICT', `metadata.uid: ${JSON.stringify(uid)} is another object`);
  }
  if (resourceVersion !== undefined && String(live?.system.resourceVersion) !== resourceVersion) {
    throw new KubeError('CONFLICT', 'the object has been modified; read it again and retry');
  }
}
