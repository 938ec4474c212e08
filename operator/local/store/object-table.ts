/**
 * The stored objects and the history of their changes. Whatever is put or removed here is told to the
 * watchers; an object that is being deleted goes when nothing holds it any more, and with it what it
 * alone owned.
 */

import type { ObjectKey } from '../../kube/port.ts';
import type { History } from './history.ts';
import type { KindName } from './selection.ts';
import { gracePeriodSeconds, keyOf } from './selection.ts';
import type { StoredObject } from './stored-object.ts';
import { finalizersOf, ownerUids } from './stored-object.ts';

export class ObjectTable {
  readonly #history: History;
  readonly #now: () => string;
  readonly #objects = new Map<string, StoredObject>();

  /** `now` tells the time as Kubernetes writes it. */
  constructor(history: History, now: () => string) {
    this.#history = history;
    this.#now = now;
  }

  get(kind: KindName, key: ObjectKey): StoredObject | null {
    return this.#objects.get(keyOf(kind, key)) ?? null;
  }

  all(): readonly StoredObject[] {
    return [...this.#objects.values()];
  }

  /** Takes over who owns which field where nothing else has changed: nobody is told. */
  putSilently(stored: StoredObject): void {
    this.#objects.set(keyOf(stored.system, stored.system), stored);
  }

  put(before: StoredObject | null, after: StoredObject): void {
    this.#objects.set(keyOf(after.system, after.system), after);
    const { resourceVersion } = after.system;
    this.#history.add({ resourceVersion, before, after, object: after });
    if (after.system.deletionTimestamp !== undefined) this.#finishIfFree(after);
    else if (this.#isOrphan(after)) this.startRemoval(after);
  }

  startRemoval(live: StoredObject): void {
    if (live.system.deletionTimestamp !== undefined) return;
    const graceSeconds = gracePeriodSeconds(live);
    if (finalizersOf(live.content).length === 0 && graceSeconds === 0) {
      this.drop(live);
      return;
    }
    const { generation } = live.system;
    this.put(live, {
      ...live,
      system: {
        ...live.system,
        generation: generation === 0 ? 0 : generation + 1,
        resourceVersion: this.#history.nextResourceVersion(),
        deletionTimestamp: this.#now(),
        deletionGracePeriodSeconds: graceSeconds,
      },
    });
  }

  #finishIfFree(live: StoredObject): void {
    if (finalizersOf(live.content).length > 0) return;
    if (live.system.deletionGracePeriodSeconds === 0) this.drop(live);
  }

  drop(live: StoredObject): void {
    this.#objects.delete(keyOf(live.system, live.system));
    const resourceVersion = this.#history.nextResourceVersion();
    const object = { ...live, system: { ...live.system, resourceVersion } };
    this.#history.add({ resourceVersion, before: live, after: null, object });
    const owned = [...this.#objects.values()].filter((other) =>
      ownerUids(other).includes(live.system.uid),
    );
    for (const other of owned) if (this.#isOrphan(other)) this.startRemoval(other);
  }

  /** It has owners and none of them exists. */
  #isOrphan(stored: StoredObject): boolean {
    const uids = ownerUids(stored);
    if (uids.length === 0) return false;
    return ![...this.#objects.values()].some((other) => uids.includes(other.system.uid));
  }
}
