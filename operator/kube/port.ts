/**
 * What the operator asks of Kubernetes. Two implementations, one contract suite: the API server by
 * @kubernetes/client-node, and local mode's store in memory. Semantics are those of the API server:
 * server-side apply with field ownership, optimistic concurrency, generation that counts changes of
 * the spec, finalizers, collection of owned objects.
 */

import type { KubeObject } from '../api/object.ts';

export type { KubeObject, OwnerReference } from '../api/object.ts';

/** A kind of resource, such as {apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets'}. */
export interface ResourceKind<T extends KubeObject = KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** Narrows what came from outside; throws a TypeError that says what is wrong. */
  readonly parse: (object: unknown) => T;
}

export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** `key=value` pairs that all have to match. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export type WatchEvent<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions<T> extends ListOptions {
  readonly resourceVersion: string;
  readonly onEvent: (event: WatchEvent<T>) => void;
  readonly signal: AbortSignal;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager owns; false: fail with CONFLICT. */
  readonly force: boolean;
}

export interface DeleteOptions {
  /** Delete only this very object. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface KubeClient {
  get<T extends KubeObject>(kind: ResourceKind<T>, key: ObjectKey): Promise<T | null>;
  list<T extends KubeObject>(kind: ResourceKind<T>, options: ListOptions): Promise<ObjectList<T>>;
  /** Resolves when the watch ends; rejects with GONE when the resourceVersion is too old. */
  watch<T extends KubeObject>(kind: ResourceKind<T>, options: WatchOptions<T>): Promise<void>;
  /** Server-side apply: creates or merges, dropping what this manager set before and does not set now. */
  apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T>;
  /** As apply(), of the status subresource alone. */
  applyStatus<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T>;
  /** Fails with ALREADY_EXISTS. For objects that nobody applies again, such as Events. */
  create<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T>;
  /** Replaces the whole object; fails with CONFLICT if its resourceVersion is not the current one. */
  replace<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T>;
  /** Starts deletion; no error if the object is gone. Owned objects follow. */
  remove<T extends KubeObject>(
    kind: ResourceKind<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<void>;
}

export type KubeErrorCode =
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'CONFLICT'
  | 'INVALID'
  | 'GONE'
  | 'FORBIDDEN'
  | 'UNAVAILABLE'
  | 'OTHER';

export class KubeError extends Error {
  readonly code: KubeErrorCode;

  constructor(code: KubeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeError';
    this.code = code;
  }
}
