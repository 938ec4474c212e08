/**
 * Keeps a copy of all objects of one kind and tells of each that changes: list, watch from there,
 * and list again when the watch can go no further. It never stays dead: whatever fails is tried
 * again, backed off. What it tells may be late or doubled, never left out: handlers only enqueue.
 *
 * Invariant: after `synced`, the copy is some past state of the API server, and moves forward only.
 * Lifecycle: started once; `stop` ends the watch and resolves when the loop has ended.
 */

import type { Logger } from '../../broker/platform/logger.ts';
import type { Random } from '../../broker/platform/random.ts';
import type { Timers } from '../../broker/platform/timers.ts';
import { delay } from '../../broker/platform/timers.ts';
import type { KubeClient, KubeObject, ListOptions, ResourceKind, WatchEvent } from './port.ts';
import { KubeError } from './port.ts';

export interface InformerOptions<T extends KubeObject> extends ListOptions {
  readonly kube: KubeClient;
  readonly kind: ResourceKind<T>;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** An object is new, differs from the copy, or is gone: then `object` is the last known. */
  readonly onChange: (object: T) => void;
}

const firstBackOffMs = 500;
const backOffMaxMs = 30_000;

export class Informer<T extends KubeObject> {
  readonly #options: InformerOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  readonly synced: Promise<void>;
  #onSynced: () => void = () => undefined;
  #failures = 0;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.synced = new Promise((resolve) => {
      this.#onSynced = resolve;
    });
    this.#loop = this.#run();
  }

  get(namespace: string, name: string): T | null {
    return this.#objects.get(`${namespace}/${name}`) ?? null;
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let resourceVersion: string | null = null;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await this.#relist();
        resourceVersion = await this.#watchFrom(resourceVersion);
      } catch (error) {
        resourceVersion = null;
        await this.#backOff(error);
      }
    }
  }

  async #relist(): Promise<string> {
    const { kube, kind, onChange } = this.#options;
    const { items, resourceVersion } = await kube.list(kind, this.#selection());
    const seen = new Set(items.map(keyOf));
    for (const object of items) this.#put(object);
    for (const [key, gone] of [...this.#objects]) {
      if (seen.has(key)) continue;
      this.#objects.delete(key);
      onChange(gone);
    }
    this.#onSynced();
    return resourceVersion;
  }

  /** Resolves when the server ends the watch, with where to go on. */
  async #watchFrom(resourceVersion: string): Promise<string> {
    const { kube, kind } = this.#options;
    let reached = resourceVersion;
    await kube.watch(kind, {
      ...this.#selection(),
      resourceVersion,
      signal: this.#abort.signal,
      onEvent: (event) => {
        this.#failures = 0;
        reached = this.#take(event) ?? reached;
      },
    });
    return reached;
  }

  #take(event: WatchEvent<T>): string | undefined {
    if (event.type === 'bookmark') return event.resourceVersion;
    const { object } = event;
    if (event.type === 'deleted') {
      this.#objects.delete(keyOf(object));
      this.#options.onChange(object);
    } else {
      this.#put(object);
    }
    return object.metadata.resourceVersion;
  }

  #put(object: T): void {
    const key = keyOf(object);
    const { resourceVersion } = object.metadata;
    const known = this.#objects.get(key)?.metadata.resourceVersion;
    if (resourceVersion !== undefined && known === resourceVersion) return;
    this.#objects.set(key, object);
    this.#options.onChange(object);
  }

  async #backOff(error: unknown): Promise<void> {
    const { kind, timers, random, logger } = this.#options;
    // The version is only too old: a new list mends it, and nothing is wrong.
    if (error instanceof KubeError && error.code === 'GONE' && this.#failures === 0) {
      this.#failures = 1;
      return;
    }
    if (this.#abort.signal.aborted) return;
    this.#failures += 1;
    const full = Math.min(firstBackOffMs * 2 ** Math.min(this.#failures - 1, 10), backOffMaxMs);
    const delayMs = Math.ceil(full / 2) + random.integer(Math.floor(full / 2) + 1);
    logger.warn({ kind: kind.kind, err: error, delayMs }, 'a watch failed and is started again');
    await delay(timers, delayMs, this.#abort.signal).catch(() => undefined);
  }

  #selection(): ListOptions {
    const { namespace, labels } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    };
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
