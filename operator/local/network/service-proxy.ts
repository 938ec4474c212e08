/**
 * Plays kube-proxy: each Service with a selector listens on its own loopback address and hands every
 * connection to the next of its ready pods. Unlike in Kubernetes, a headless Service's bare name
 * leads here too: there is no DNS that could answer with several addresses.
 */

import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import type { Logger } from '../../../broker/platform/logger.ts';
import type { KubeClient } from '../../kube/port.ts';
import { follow } from '../follow.ts';
import type { Service } from '../resources/others.ts';
import { serviceKind } from '../resources/others.ts';
import type { Pod } from '../resources/pod.ts';
import { isReady, isTerminating, podKind } from '../resources/pod.ts';
import type { AddressBook } from './addresses.ts';

export interface ServiceProxyOptions {
  readonly kube: KubeClient;
  readonly addresses: AddressBook;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

type ServicePort = Service['spec']['ports'][number];

/** Runs until the signal aborts; then every connection is closed. */
export async function runServiceProxy(options: ServiceProxyOptions): Promise<void> {
  const pods = new Map<string, Pod>();
  const services = new Map<string, { service: Service; proxies: readonly PortProxy[] }>();
  const closeAll = (uid: string): void => {
    for (const proxy of services.get(uid)?.proxies ?? []) proxy.close();
    services.delete(uid);
  };
  const open = (service: Service): void => {
    const { uid, namespace, name } = service.metadata;
    if (JSON.stringify(services.get(uid)?.service.spec) === JSON.stringify(service.spec)) return;
    closeAll(uid);
    const address = options.addresses.ofService(namespace, name);
    const proxies = service.spec.ports.map(
      (port) => new PortProxy({ ...options, address, port, pods: () => backends(service, pods) }),
    );
    services.set(uid, { service, proxies });
  };
  const { kube, signal } = options;
  await Promise.all([
    follow(kube, podKind, {
      signal,
      onChange: ({ type, object }) => {
        if (type === 'present') pods.set(object.metadata.uid, object);
        else pods.delete(object.metadata.uid);
      },
    }),
    follow(kube, serviceKind, {
      signal,
      onChange: ({ type, object }) => {
        if (type === 'present') open(object);
        else closeAll(object.metadata.uid);
      },
    }),
  ]);
  for (const uid of [...services.keys()]) closeAll(uid);
}

function backends(service: Service, pods: ReadonlyMap<string, Pod>): readonly Pod[] {
  const { selector, publishNotReadyAddresses } = service.spec;
  const wanted = Object.entries(selector);
  return [...pods.values()].filter(
    (pod) =>
      pod.metadata.namespace === service.metadata.namespace &&
      wanted.length > 0 &&
      wanted.every(([label, value]) => pod.metadata.labels[label] === value) &&
      (publishNotReadyAddresses || (isReady(pod) && !isTerminating(pod))),
  );
}

interface PortProxyOptions {
  readonly address: string;
  readonly port: ServicePort;
  readonly pods: () => readonly Pod[];
  readonly logger: Logger;
}

class PortProxy {
  readonly #options: PortProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next = 0;

  constructor(options: PortProxyOptions) {
    this.#options = options;
    this.#server = createServer((client) => this.#forward(client));
    this.#server.on('error', (error) => {
      const { address, port } = options;
      options.logger.warn({ err: error, address, port: port.port }, 'a Service cannot listen');
    });
    this.#server.listen(options.port.port, options.address);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket): void {
    const pods = this.#options.pods();
    const pod = pods[this.#next % Math.max(1, pods.length)];
    this.#next += 1;
    const host = pod?.status?.podIP;
    const port = pod === undefined ? null : targetPort(this.#options.port, pod);
    if (host === undefined || port === null) {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port });
    this.#join(client, upstream);
    this.#join(upstream, client);
    client.pipe(upstream);
    upstream.pipe(client);
  }

  /** Whatever ends one of the two ends the other. */
  #join(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}

/** The number behind a target port's name is the pod's own affair; null if it has none. */
function targetPort(port: ServicePort, pod: Pod): number | null {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const ports = pod.spec.containers.flatMap((container) => container.ports);
  return ports.find(({ name }) => name === target)?.containerPort ?? null;
}
