/** Objects and helpers of the contract suite of the kube port. */

import type {
  KubeClient,
  KubeObject,
  ResourceKind,
  WatchEvent,
} from '../../../operator/kube/port.ts';

export interface KubeContractSubject {
  readonly client: KubeClient;
  /** An empty namespace. */
  readonly namespace: string;
  close(): Promise<void>;
}

export interface OpenObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMaps = openKind('v1', 'ConfigMap', 'configmaps');
export const statefulSets = openKind('apps/v1', 'StatefulSet', 'statefulsets');
export const topics = openKind('odradek.dev/v1beta1', 'KafkaTopic', 'kafkatopics');

export const alice = { fieldManager: 'alice', force: false };
export const bob = { fieldManager: 'bob', force: false };

/** Stands for a subject that is opened only when the tests run. */
export class ContractKit {
  readonly #subject: () => KubeContractSubject;

  constructor(subject: () => KubeContractSubject) {
    this.#subject = subject;
  }

  get client(): KubeClient {
    return this.#subject().client;
  }

  get namespace(): string {
    return this.#subject().namespace;
  }

  configMap(
    name: string,
    data: Readonly<Record<string, string>>,
    metadata: Partial<KubeObject['metadata']> = {},
  ): OpenObject {
    const { namespace } = this;
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name, namespace },
      data,
    };
  }

  topic(name: string, spec: object, status?: object): KubeObject {
    return {
      apiVersion: 'odradek.dev/v1beta1',
      kind: 'KafkaTopic',
      metadata: { name, namespace: this.namespace },
      spec: { clusterRef: { name: 'demo' }, ...spec },
      ...(status === undefined ? {} : { status }),
    };
  }

  /** Without replicas, so that no controller does anything about it. */
  statefulSet(name: string, containers: readonly object[]): KubeObject {
    return {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace: this.namespace },
      spec: {
        replicas: 0,
        serviceName: name,
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers } },
      },
    };
  }

  async current<T extends KubeObject>(kind: ResourceKind<T>, name: string): Promise<T> {
    const object = await this.client.get(kind, { namespace: this.namespace, name });
    if (object === null) throw new Error(`${name} is gone`);
    return object;
  }
}

export function isDeletionOf(name: string): (event: ObjectEvent) => boolean {
  return (event) => event.type === 'deleted' && event.object.metadata.name === name;
}

export type ObjectEvent = Exclude<WatchEvent<OpenObject>, { type: 'bookmark' }>;

/** The events until one is the last; the watch is over then. */
export async function seen(
  client: KubeClient,
  options: {
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion: string;
  },
  isLast: (event: ObjectEvent) => boolean,
): Promise<readonly ObjectEvent[]> {
  const abort = new AbortController();
  const events: ObjectEvent[] = [];
  await client.watch(configMaps, {
    ...options,
    onEvent: (event) => {
      if (event.type === 'bookmark' || abort.signal.aborted) return;
      events.push(event);
      if (isLast(event)) abort.abort();
    },
    signal: abort.signal,
  });
  return events;
}

/** A kind that is read as it comes. */
function openKind(apiVersion: string, kind: string, plural: string): ResourceKind<OpenObject> {
  return {
    apiVersion,
    kind,
    plural,
    parse(object) {
      if (!isOpenObject(object)) throw new TypeError(`not a ${kind}`);
      return object;
    },
  };
}

function isOpenObject(object: unknown): object is OpenObject {
  return typeof object === 'object' && object !== null && 'metadata' in object;
}
