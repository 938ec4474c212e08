/**
 * Plays the kubelet of the only node: every pod of the object store becomes processes on this
 * machine. Pods that are deleted are stopped and then gone from the store; files in running pods
 * follow their ConfigMaps and Secrets.
 */

import { join } from 'node:path';

import type { Logger } from '../../../broker/platform/logger.ts';
import { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import { follow } from '../follow.ts';
import type { AddressBook } from '../network/addresses.ts';
import { configMapKind, secretKind } from '../resources/others.ts';
import type { ConfigMap, Secret } from '../resources/others.ts';
import type { Pod } from '../resources/pod.ts';
import { isTerminating, podKind } from '../resources/pod.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { DataKind } from './data-source.ts';
import { dataSource } from './data-source.ts';
import type { PodContext } from './pod-context.ts';
import type { PodEvent } from './pod-runner.ts';
import { PodRunner } from './pod-runner.ts';

export interface KubeletOptions extends Pick<
  PodContext,
  'clock' | 'timers' | 'images' | 'processes' | 'names' | 'hostEnv'
> {
  readonly store: ObjectStore;
  readonly logger: Logger;
  readonly addresses: AddressBook;
  readonly dataFolder: string;
  readonly onEvent: (event: PodEvent) => void;
  /** The first delay before a container is started again, and the longest. Defaults 10 ms and 10 s. */
  readonly restartDelayMinMs?: number;
  readonly restartDelayMaxMs?: number;
  /** When a container's log is put aside, and how often that is looked at. Defaults 8 MiB and 10 s. */
  readonly logSizeMax?: number;
  readonly logCheckPeriodMs?: number;
}

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #data = new Map<string, ConfigMap | Secret>();
  readonly #runners = new Map<string, PodRunner>();
  /** Per pod's name: a pod starts when the one that had its name before has ended. */
  readonly #queues = new Map<string, SerialQueue>();
  readonly #stopping = new AbortController();
  #following: Promise<unknown> = Promise.resolve();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  start(): void {
    const { store } = this.#options;
    const { signal } = this.#stopping;
    this.#following = Promise.all([
      follow(store, configMapKind, {
        signal,
        onChange: ({ type, object }) => this.#onData('ConfigMap', type, object),
      }),
      follow(store, secretKind, {
        signal,
        onChange: ({ type, object }) => this.#onData('Secret', type, object),
      }),
      follow(store, podKind, {
        signal,
        onChange: ({ type, object }) => this.#onPod(type, object),
      }),
    ]);
  }

  /** Mounted files name Services and pods: they are written again when more names are known. */
  refresh(namespace: string): void {
    for (const [key, runner] of this.#runners) {
      if (key.startsWith(`${namespace}/`)) runner.refresh();
    }
  }

  /** Ends all pods, those of a lower stop rank first; the objects stay as they are. */
  async stop(graceMsMax: number): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    const runners = [...this.#runners.values()];
    const ranks = [...new Set(runners.map((runner) => runner.stopRank))].sort((a, b) => a - b);
    for (const rank of ranks) {
      const group = runners.filter((runner) => runner.stopRank === rank);
      await Promise.all(group.map((runner) => runner.stop(graceMsMax)));
    }
    await Promise.all([...this.#queues.values()].map((queue) => queue.idle()));
  }

  #onData(kind: DataKind, type: 'present' | 'gone', object: ConfigMap | Secret): void {
    const { namespace, name } = object.metadata;
    const key = `${kind} ${namespace}/${name}`;
    if (type === 'present') this.#data.set(key, object);
    else this.#data.delete(key);
    if (type === 'present') this.refresh(namespace);
  }

  #onPod(type: 'present' | 'gone', pod: Pod): void {
    const key = keyOf(pod);
    const runner = this.#runners.get(key);
    const isKnown = runner?.uid === pod.metadata.uid;
    if (type === 'gone') {
      if (isKnown) this.#enqueue(key, () => this.#end(key, pod, 0));
    } else if (isTerminating(pod)) {
      const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? 0;
      this.#enqueue(key, () => this.#end(key, pod, graceSeconds * 1000));
    } else if (isKnown) {
      runner.update(pod);
    } else {
      this.#enqueue(key, () => this.#begin(key, pod));
    }
  }

  async #begin(key: string, pod: Pod): Promise<void> {
    if (this.#stopping.signal.aborted || this.#runners.get(key)?.uid === pod.metadata.uid) return;
    const { store, onEvent } = this.#options;
    const context = this.#contextOf(pod);
    const runner = new PodRunner({ kube: store, pod, context, onEvent });
    this.#runners.set(key, runner);
    await runner.start();
  }

  async #end(key: string, pod: Pod, graceMs: number): Promise<void> {
    const runner = this.#runners.get(key);
    if (runner?.uid === pod.metadata.uid) {
      await runner.stop(graceMs);
      this.#runners.delete(key);
    }
    this.#options.store.removeNow(podKind, pod.metadata, pod.metadata.uid);
  }

  #contextOf(pod: Pod): PodContext {
    const { namespace, name } = pod.metadata;
    const { dataFolder, addresses, logger } = this.#options;
    return {
      ...this.#options,
      logger: logger.child({ pod: name, namespace }),
      data: dataSource((kind, wanted) => this.#data.get(`${kind} ${namespace}/${wanted}`)),
      podAddress: addresses.ofPod(namespace, name),
      podFolder: join(dataFolder, 'pods', namespace, name),
      claimsFolder: join(dataFolder, 'volumes', namespace),
      logFolder: join(dataFolder, 'logs', namespace, name),
      restartDelayMinMs: this.#options.restartDelayMinMs ?? 10,
      restartDelayMaxMs: this.#options.restartDelayMaxMs ?? 10_000,
      logSizeMax: this.#options.logSizeMax ?? 8 * 1024 * 1024,
      logCheckPeriodMs: this.#options.logCheckPeriodMs ?? 10_000,
    };
  }

  #enqueue(key: string, task: () => Promise<void>): void {
    const queue = this.#queues.get(key) ?? new SerialQueue();
    this.#queues.set(key, queue);
    queue
      .run(task)
      .catch((error: unknown) => {
        this.#options.logger.error({ err: error, pod: key }, 'a pod could not be run or stopped');
      })
      .finally(() => {
        if (queue.length === 0) this.#queues.delete(key);
      });
  }
}

function keyOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
