/** What tests of local mode share: a folder for a while, waiting for events, a kubelet on a store. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { systemClock } from '../../../broker/platform/clock.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import type { KubeObject, ResourceKind } from '../../../operator/kube/port.ts';
import { commandImage } from '../../../operator/local/kubelet/image.ts';
import type { KubeletOptions } from '../../../operator/local/kubelet/kubelet.ts';
import { Kubelet } from '../../../operator/local/kubelet/kubelet.ts';
import type { PodEvent } from '../../../operator/local/kubelet/pod-runner.ts';
import { FollowedNames } from '../../../operator/local/known-names.ts';
import { AddressBook } from '../../../operator/local/network/addresses.ts';
import { Names } from '../../../operator/local/network/names.ts';
import { ProcessTable } from '../../../operator/local/processes/process-table.ts';
import { localAdmission } from '../../../operator/local/store/local-admission.ts';
import { ObjectStore } from '../../../operator/local/store/object-store.ts';

export interface Scratch {
  readonly folder: string;
  remove(): void;
}

export function scratchFolder(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-local-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function newStore(): ObjectStore {
  return new ObjectStore({
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    admission: localAdmission,
  });
}

export interface Node {
  readonly store: ObjectStore;
  readonly dataFolder: string;
  readonly events: PodEvent[];
  readonly addresses: AddressBook;
  stop(): Promise<void>;
}

/** A kubelet whose image `script` is `node -e` of the first argument. */
export function startNode(
  options: Pick<KubeletOptions, 'restartDelayMaxMs' | 'logSizeMax' | 'logCheckPeriodMs'> = {},
): Node {
  const scratch = scratchFolder();
  const store = newStore();
  const processes = new ProcessTable(join(scratch.folder, 'processes.json'), systemTimers);
  const addresses = new AddressBook(join(scratch.folder, 'addresses.json'), systemRandom);
  const known = new FollowedNames();
  const events: PodEvent[] = [];
  const program = commandImage([process.execPath, '-e']);
  const kubelet = new Kubelet({
    store,
    clock: systemClock,
    timers: systemTimers,
    logger: silentLogger,
    images: (image) => (image === 'script' ? program : null),
    processes,
    names: new Names(addresses, known),
    addresses,
    dataFolder: scratch.folder,
    hostEnv: { PATH: process.env['PATH'] ?? '' },
    onEvent: (event) => events.push(event),
    ...options,
  });
  kubelet.start();
  const ending = new AbortController();
  const naming = known.run(store, ending.signal, (namespace) => kubelet.refresh(namespace));
  return {
    store,
    dataFolder: scratch.folder,
    events,
    addresses,
    stop: async () => {
      await kubelet.stop(1000);
      ending.abort();
      await naming;
      processes.close();
      store.close();
      scratch.remove();
    },
  };
}

/** The first state of an object of a kind that satisfies; resolves by events, not by polling. */
export async function eventually<T extends KubeObject>(
  store: ObjectStore,
  kind: ResourceKind<T>,
  satisfies: (object: T) => boolean,
): Promise<T> {
  const { items, resourceVersion } = await store.list(kind, {});
  const there = items.find(satisfies);
  if (there !== undefined) return there;
  const abort = new AbortController();
  const found: T[] = [];
  await store.watch(kind, {
    resourceVersion,
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type !== 'added' && event.type !== 'modified') return;
      if (!satisfies(event.object)) return;
      found.push(event.object);
      abort.abort();
    },
  });
  const [first] = found;
  if (first === undefined) throw new Error('the watch ended early');
  return first;
}

/** Resolves when the object is gone from the store. */
export async function gone<T extends KubeObject>(
  store: ObjectStore,
  kind: ResourceKind<T>,
  name: string,
): Promise<void> {
  const { items, resourceVersion } = await store.list(kind, {});
  if (!items.some((item) => item.metadata.name === name)) return;
  const abort = new AbortController();
  await store.watch(kind, {
    resourceVersion,
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === 'deleted' && event.object.metadata.name === name) abort.abort();
    },
  });
}
