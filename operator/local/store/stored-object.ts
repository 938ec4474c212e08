/**
 * An object as the store keeps it: what users write (content), the status beside it, what the store
 * itself writes (system), and who owns which field. Immutable: a change is a new one.
 */

import type { JsonObject, JsonValue } from '../json.ts';
import { equalJson, isJsonArray, isJsonObject, omit } from '../json.ts';
import type { Owners } from './ownership.ts';

export interface SystemFields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** 0: this kind counts none. */
  readonly generation: number;
  readonly resourceVersion: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
}

export interface StoredObject {
  readonly system: SystemFields;
  readonly content: JsonObject;
  readonly status: JsonValue | undefined;
  readonly contentOwners: Owners;
  readonly statusOwners: Owners;
}

const SYSTEM_META = [
  'name',
  'namespace',
  'uid',
  'generation',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];

/** What a user may write of an object: all but its status and what the store writes. */
export function contentOf(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  const kept = omit(metadata, SYSTEM_META);
  const rest = omit(object, ['apiVersion', 'kind', 'metadata', 'status']);
  return Object.keys(kept).length === 0 ? rest : { metadata: kept, ...rest };
}

export function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {};
}

/** The object as clients see it. */
export function composed(stored: StoredObject): JsonObject {
  const { apiVersion, kind, resourceVersion, generation, ...system } = stored.system;
  const metadata: JsonObject = {
    ...metadataOf(stored.content),
    ...system,
    ...(generation > 0 ? { generation } : {}),
    resourceVersion: String(resourceVersion),
  };
  const status: JsonObject = stored.status === undefined ? {} : { status: stored.status };
  return { apiVersion, kind, ...stored.content, metadata, ...status };
}

/** Whether the spec (anything but metadata and status) differs: what the generation counts. */
export function specChanged(one: JsonObject, other: JsonObject): boolean {
  return !equalJson(omit(one, ['metadata']), omit(other, ['metadata']));
}

export function labelsOf(stored: StoredObject): JsonObject {
  const labels = metadataOf(stored.content)['labels'];
  return isJsonObject(labels) ? labels : {};
}

export function finalizersOf(content: JsonObject): readonly JsonValue[] {
  const finalizers = metadataOf(content)['finalizers'];
  return isJsonArray(finalizers) ? finalizers : [];
}

/** The uids of its owners. */
export function ownerUids(stored: StoredObject): readonly string[] {
  const references = metadataOf(stored.content)['ownerReferences'];
  if (!isJsonArray(references)) return [];
  return references.flatMap((reference) => {
    const uid = isJsonObject(reference) ? reference['uid'] : undefined;
    return typeof uid === 'string' ? [uid] : [];
  });
}
