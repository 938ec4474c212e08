/**
 * Reads from the copies of informers, which may be a moment old. For decisions that a stale answer
 * only delays; whoever deletes or restarts something reads from the API server.
 */

import assert from 'node:assert/strict';

import type { Informer } from './informer.ts';
import type { KubeObject, ListOptions, ObjectKey, ObjectList, ResourceKind } from './port.ts';
import type { KubeReader } from './reader.ts';

export class CachedReader implements KubeReader {
  readonly #informers: ReadonlyMap<string, Informer<KubeObject>>;

  /** `informers` by the name of their kind. */
  constructor(informers: ReadonlyMap<string, Informer<KubeObject>>) {
    this.#informers = informers;
  }

  get<T extends KubeObject>(kind: ResourceKind<T>, key: ObjectKey): Promise<T | null> {
    const object = this.#informerOf(kind).get(key.namespace, key.name);
    return Promise.resolve(object === null ? null : kind.parse(object));
  }

  list<T extends KubeObject>(kind: ResourceKind<T>, options: ListOptions): Promise<ObjectList<T>> {
    const { namespace, labels = {} } = options;
    const items = this.#informerOf(kind)
      .list()
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .filter(({ metadata }) =>
        Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
      );
    return Promise.resolve({ items: items.map(kind.parse), resourceVersion: '' });
  }

  #informerOf(kind: Pick<ResourceKind, 'kind'>): Informer<KubeObject> {
    const informer = this.#informers.get(kind.kind);
    assert(informer !== undefined, `nobody watches ${kind.kind}`);
    return informer;
  }
}
