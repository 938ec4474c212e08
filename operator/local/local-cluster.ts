/**
 * The local cluster: the operator as it is, on an object store in memory, with local mode's own
 * controllers, kubelet and network in the places of Kubernetes'. Nothing of it outlives `stop`, or
 * the process; the data folder stays. Linux only: loopback addresses and processes are its means.
 */

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';

import { systemClock } from '../../broker/platform/clock.ts';
import type { Logger } from '../../broker/platform/logger.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import { systemRandom } from '../../broker/platform/random.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import { kafkaAdminFactory } from '../kafka-admin/client.ts';
import type { KafkaAdminFactory } from '../kafka-admin/port.ts';
import type { KubeClient } from '../kube/port.ts';
import type { Images as ImageNames } from '../model/images.ts';
import { startManager } from '../manager.ts';
import type { ConditionEvent } from './condition-events.ts';
import { runConditionEvents } from './condition-events.ts';
import { runClaims } from './controllers/claim-controller.ts';
import { runStatefulSets } from './controllers/stateful-set-controller.ts';
import type { FolderEvent } from './folder.ts';
import { Folder } from './folder.ts';
import { FollowedNames } from './known-names.ts';
import type { Images } from './kubelet/image.ts';
import { commandImage, imageBaseName } from './kubelet/image.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import type { PodEvent } from './kubelet/pod-runner.ts';
import { zookeeperImage } from './kubelet/zookeeper-image.ts';
import { AddressBook } from './network/addresses.ts';
import { Names } from './network/names.ts';
import { runServiceProxy } from './network/service-proxy.ts';
import { ProcessTable } from './processes/process-table.ts';
import { localAdmission } from './store/local-admission.ts';
import { ObjectStore } from './store/object-store.ts';

/** What happens, in the order it happens: for lines of progress and for tests. */
export type LocalClusterEvent = PodEvent | ConditionEvent | FolderEvent;

export interface LocalClusterOptions {
  /** The folder of YAML files that is watched: saving a file there is `kubectl apply`. */
  readonly folder: string;
  /** Volumes, logs and the list of processes; what a next start finds again. */
  readonly dataFolder: string;
  /** What runs for the broker's image, such as ['/opt/odradek/dist/broker/main.js', 'broker']. */
  readonly brokerCommand: readonly string[];
  /** What runs for ZooKeeper's image; the path of a zoo.cfg is appended. Null: there is none here. */
  readonly zookeeperCommand: readonly string[] | null;
  readonly onEvent: (event: LocalClusterEvent) => void;
  readonly logger: Logger;
  /** What pods have at stop(), at most, to end by themselves. Default 15 s. */
  readonly stopGraceMs?: number;
}

export interface LocalCluster {
  readonly kube: KubeClient;
  /** Replaces names of Services and pods by the loopback addresses that they stand for. */
  resolve(text: string, namespace?: string): string;
  /** Stops the operator, then brokers, then ZooKeeper, then the rest. Idempotent. */
  stop(): Promise<void>;
}

const imageNames: ImageNames = { broker: 'odradek/broker:local', zookeeper: 'zookeeper:local' };
const hostVariables = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'JAVA_HOME'];

/** Resolves when the folder has been applied once; what follows is told by events. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  if (process.platform !== 'linux') {
    throw new Error(`local mode runs on Linux only, and this is ${process.platform}`);
  }
  const dataFolder = resolve(options.dataFolder);
  await mkdir(dataFolder, { recursive: true });
  const parts = build({ ...options, dataFolder });
  const stop = memoized(() => stopAll(parts, options.stopGraceMs ?? 15_000));
  try {
    parts.kubelet.start();
    await parts.manager.ready();
    await parts.folder.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const { names, store } = parts;
  return {
    kube: store,
    resolve: (text, namespace = 'default') => names.resolve(text, namespace),
    stop,
  };
}

type Parts = ReturnType<typeof build>;

function build(options: LocalClusterOptions) {
  const { dataFolder, logger, onEvent } = options;
  const processes = new ProcessTable(join(dataFolder, 'processes.json'), systemTimers);
  const ports = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const store = new ObjectStore({ ...ports, admission: localAdmission });
  const addresses = new AddressBook(join(dataFolder, 'addresses.json'), systemRandom);
  const known = new FollowedNames();
  const names = new Names(addresses, known);
  const kubelet = new Kubelet({
    ...ports,
    store,
    logger: logger.child({ component: 'kubelet' }),
    images: imagesOf(options),
    processes,
    names,
    addresses,
    dataFolder,
    onEvent,
    hostEnv: hostEnv(),
  });
  const ending = new AbortController();
  const { signal } = ending;
  const controller = { kube: store, timers: systemTimers, logger, signal };
  const running = Promise.all([
    known.run(store, signal, (namespace) => kubelet.refresh(namespace)),
    runServiceProxy({ kube: store, addresses, logger, signal }),
    runStatefulSets(controller),
    runClaims({ ...controller, volumesFolder: join(dataFolder, 'volumes') }),
    runConditionEvents(store, signal, onEvent),
  ]);
  // Should a part fail, the rest goes on and stop() tells.
  running.catch((error: unknown) => logger.error({ err: error }, 'a part of local mode failed'));
  const manager = startManager({
    ...ports,
    kube: store,
    admin: localAdmin(names),
    logger: logger.child({ component: 'operator' }),
    images: imageNames,
  });
  const folder = new Folder({ folder: options.folder, kube: store, timers: systemTimers, onEvent });
  return { processes, store, names, kubelet, ending, running, manager, folder };
}

async function stopAll(parts: Parts, graceMs: number): Promise<void> {
  try {
    await parts.folder.stop();
    await parts.manager.stop();
    await parts.kubelet.stop(graceMs);
    parts.ending.abort();
    await parts.running;
  } finally {
    parts.processes.close();
    parts.store.close();
  }
}

/** An image is known by the last part of its name, so that a resource may name a registry or a tag. */
function imagesOf({ brokerCommand, zookeeperCommand }: LocalClusterOptions): Images {
  const broker = commandImage(brokerCommand);
  const zookeeper = zookeeperCommand === null ? null : zookeeperImage(zookeeperCommand);
  return (image) => {
    switch (imageBaseName(image)) {
      case 'broker':
      case 'odradek':
      case 'odradek-broker':
        return broker;
      case 'zookeeper':
        return zookeeper;
      default:
        return null;
    }
  };
}

/** The operator knows brokers by the names of their pods. */
function localAdmin(names: Names): KafkaAdminFactory {
  const connect = kafkaAdminFactory(nodeSockets, systemTimers);
  return (brokers) =>
    connect(brokers.map((broker) => ({ ...broker, host: names.resolve(broker.host, 'default') })));
}

function hostEnv(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    hostVariables.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function memoized(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | null = null;
  return () => (result ??= work());
}
