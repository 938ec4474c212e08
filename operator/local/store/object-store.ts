/**
 * The API server of local mode: objects in memory behind the operator's kube port, with the semantics
 * that the port promises (see the contract suite). Every kind is namespaced, has a status subresource
 * and is accepted; `admission` says what a good object of a kind is.
 *
 * All changes happen inside one synchronous call, so there is nothing to lock. Unlike in Kubernetes,
 * owned objects are collected in the call that removes their owner.
 */

import type { Clock } from '../../../broker/platform/clock.ts';
import { rfc3339 } from '../../../broker/platform/clock.ts';
import type { Random } from '../../../broker/platform/random.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeObject,
  ListOptions,
  ObjectKey,
  ObjectList,
  ResourceKind,
  WatchOptions,
} from '../../kube/port.ts';
import { KubeError } from '../../kube/port.ts';
import type { JsonObject } from '../json.ts';
import { equalJson, toJsonObject } from '../json.ts';
import type { Admission } from './admission.ts';
import { checkedName, checkPreconditions, invalid } from './admission.ts';
import { History } from './history.ts';
import { ObjectTable } from './object-table.ts';
import type { ApplyResult, Owners } from './ownership.ts';
import { applyFields, replaceFields } from './ownership.ts';
import type { KindName } from './selection.ts';
import { describe, eventType, isSelected } from './selection.ts';
import type { StoredObject, SystemFields } from './stored-object.ts';
import { composed, contentOf, finalizersOf, metadataOf, specChanged } from './stored-object.ts';

export interface ObjectStoreOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Defaults and checks, before an object is stored. */
  readonly admission: Admission;
  /** Changes that a watch can at least resume over. Default 4096. */
  readonly historyMax?: number;
  /** Default one minute, as the API server. */
  readonly bookmarkPeriodMs?: number;
}

interface Written {
  readonly content: JsonObject;
  readonly status: StoredObject['status'];
  readonly contentOwners: Owners;
  readonly statusOwners: Owners;
}

export class ObjectStore implements KubeClient {
  readonly #options: ObjectStoreOptions;
  readonly #history: History;
  readonly #table: ObjectTable;
  readonly #bookmarks: { cancel(): void };

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
    this.#history = new History(options.historyMax ?? 4096);
    this.#table = new ObjectTable(this.#history, () => this.#now());
    this.#bookmarks = options.timers.every(options.bookmarkPeriodMs ?? 60_000, () =>
      this.#history.bookmark(),
    );
  }

  close(): void {
    this.#bookmarks.cancel();
  }

  get<T extends KubeObject>(kind: ResourceKind<T>, key: ObjectKey): Promise<T | null> {
    return promised(() => {
      const stored = this.#table.get(kind, key);
      return stored === null ? null : kind.parse(composed(stored));
    });
  }

  list<T extends KubeObject>(kind: ResourceKind<T>, options: ListOptions): Promise<ObjectList<T>> {
    return promised(() => ({
      items: this.#table
        .all()
        .filter((stored) => isSelected(stored, kind, options))
        .map((stored) => kind.parse(composed(stored))),
      resourceVersion: String(this.#history.resourceVersion),
    }));
  }

  watch<T extends KubeObject>(kind: ResourceKind<T>, options: WatchOptions<T>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (options.signal.aborted) {
        resolve();
        return;
      }
      const since = Number(options.resourceVersion);
      if (!Number.isSafeInteger(since) || options.resourceVersion === '') {
        throw invalid(`resourceVersion: ${options.resourceVersion} is none`);
      }
      const end = this.#history.follow(since, {
        onItem: (item) => {
          if ('bookmark' in item) {
            options.onEvent({ type: 'bookmark', resourceVersion: String(item.bookmark) });
            return;
          }
          const type = eventType(item, (stored) => isSelected(stored, kind, options));
          if (type !== null) options.onEvent({ type, object: kind.parse(composed(item.object)) });
        },
        onFailure: reject,
      });
      const onAbort = (): void => {
        end();
        resolve();
      };
      options.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T> {
    return promised(() => {
      const { key, wanted, live } = this.#request(kind, object);
      checkPreconditions(live, metadataOf(wanted));
      const result = merged(() =>
        applyFields(
          { object: live?.content ?? {}, owners: live?.contentOwners ?? new Map() },
          contentOf(wanted),
          { manager: options.fieldManager, force: options.force },
        ),
      );
      const { object: content, owners: contentOwners } = unlessConflicted(kind, key, result);
      return kind.parse(this.#write(kind, key, { ...statusPart(live), content, contentOwners }));
    });
  }

  applyStatus<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T> {
    return promised(() => {
      const { key, wanted, live } = this.#request(kind, object);
      if (live === null) throw notFound(kind, key);
      checkPreconditions(live, metadataOf(wanted));
      const status = (value: StoredObject['status']): JsonObject =>
        value === undefined ? {} : { status: value };
      const result = merged(() =>
        applyFields(
          { object: status(live.status), owners: live.statusOwners },
          status(wanted['status']),
          { manager: options.fieldManager, force: options.force },
        ),
      );
      const { object: merges, owners: statusOwners } = unlessConflicted(kind, key, result);
      return kind.parse(
        this.#write(kind, key, { ...live, status: merges['status'], statusOwners }),
      );
    });
  }

  create<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T> {
    return promised(() => {
      const { key, wanted, live } = this.#request(kind, object);
      if (live !== null) {
        throw new KubeError('ALREADY_EXISTS', `${describe(kind, key)} exists already`);
      }
      const content = contentOf(wanted);
      const contentOwners = merged(() =>
        replaceFields({ object: {}, owners: new Map() }, content, 'create'),
      );
      return kind.parse(this.#write(kind, key, { ...statusPart(null), content, contentOwners }));
    });
  }

  replace<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T> {
    return promised(() => {
      const { key, wanted, live } = this.#request(kind, object);
      if (live === null) throw notFound(kind, key);
      if (object.metadata.resourceVersion === undefined) {
        throw invalid('metadata.resourceVersion: has to be given to replace an object');
      }
      checkPreconditions(live, metadataOf(wanted));
      const content = contentOf(wanted);
      const before = { object: live.content, owners: live.contentOwners };
      const contentOwners = merged(() => replaceFields(before, content, 'replace'));
      return kind.parse(this.#write(kind, key, { ...live, content, contentOwners }));
    });
  }

  remove<T extends KubeObject>(
    kind: ResourceKind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    return promised(() => {
      const live = this.#table.get(kind, key);
      if (live === null) return;
      checkPreconditions(live, toJsonObject(options));
      this.#table.startRemoval(live);
    });
  }

  /** Ends the graceful deletion of a pod, as the kubelet does once its processes are gone. */
  removeNow(kind: KindName, key: ObjectKey, uid: string): void {
    const live = this.#table.get(kind, key);
    if (live?.system.uid !== uid) return;
    if (finalizersOf(live.content).length === 0) this.#table.drop(live);
  }

  #request(
    kind: KindName,
    object: KubeObject,
  ): { readonly key: ObjectKey; readonly wanted: JsonObject; readonly live: StoredObject | null } {
    if (object.apiVersion !== kind.apiVersion || object.kind !== kind.kind) {
      throw invalid(`${object.apiVersion} ${object.kind} is no ${kind.apiVersion} ${kind.kind}`);
    }
    const key = checkedName(object);
    const wanted = merged(() => toJsonObject(object));
    return { key, wanted, live: this.#table.get(kind, key) };
  }

  /** Stores what was written unless nothing changes; returns the object as it now is. */
  #write(kind: KindName, key: ObjectKey, written: Written): JsonObject {
    const live = this.#table.get(kind, key);
    const draft = { ...written, system: this.#system(kind, key, live) };
    const admitted = this.#admit(draft, live);
    const content = contentOf(admitted);
    const isSame =
      live !== null &&
      equalJson(live.content, content) &&
      equalJson(live.status, admitted['status']);
    if (live !== null && isSame) {
      this.#table.putSilently({ ...written, content, system: live.system });
      return composed(live);
    }
    const counted = Object.hasOwn(content, 'spec');
    const generation =
      (live?.system.generation ?? 0) +
      (counted && (live === null || specChanged(live.content, content)) ? 1 : 0);
    const resourceVersion = this.#history.nextResourceVersion();
    const stored: StoredObject = {
      ...written,
      content,
      status: admitted['status'],
      system: { ...draft.system, generation, resourceVersion },
    };
    this.#table.put(live, stored);
    return composed(stored);
  }

  #admit(draft: StoredObject, live: StoredObject | null): JsonObject {
    const previous = live === null ? null : composed(live);
    if (live?.system.deletionTimestamp !== undefined) {
      const before = finalizersOf(live.content);
      const added = finalizersOf(draft.content).filter((name) => !before.includes(name));
      if (added.length > 0) {
        throw invalid(`metadata.finalizers: none can be added while the object is being deleted`);
      }
    }
    return this.#options.admission(composed(draft), previous);
  }

  #system(kind: KindName, key: ObjectKey, live: StoredObject | null): SystemFields {
    if (live !== null) return live.system;
    return {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      name: key.name,
      namespace: key.namespace,
      uid: uidText(this.#options.random.uuid()),
      generation: 0,
      resourceVersion: 0,
      creationTimestamp: this.#now(),
    };
  }

  #now(): string {
    return rfc3339(this.#options.clock.nowMs());
  }
}

function statusPart(live: StoredObject | null): Pick<Written, 'status' | 'statusOwners'> {
  return { status: live?.status, statusOwners: live?.statusOwners ?? new Map() };
}

function unlessConflicted(
  kind: KindName,
  key: ObjectKey,
  result: ApplyResult,
): Extract<ApplyResult, { owners: Owners }> {
  if ('owners' in result) return result;
  const fields = result.conflicts.map(({ field, manager }) => `${field} (owned by ${manager})`);
  throw new KubeError('CONFLICT', `${describe(kind, key)}: conflict over ${fields.join(', ')}`);
}

function notFound(kind: KindName, key: ObjectKey): KubeError {
  return new KubeError('NOT_FOUND', `${describe(kind, key)} does not exist`);
}

/** A TypeError of a merge is a fault of the object that was sent. */
function merged<T>(merge: () => T): T {
  try {
    return merge();
  } catch (error) {
    if (error instanceof TypeError) throw invalid(error.message, error);
    throw error;
  }
}

function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function uidText(uuid: Buffer): string {
  return uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
