/**
 * Runs the controllers: informers feed work queues, work queues call reconcilers.
 *
 * A KafkaCluster is looked at when it changes, or an object that belongs to it; a KafkaTopic when it
 * changes, when its cluster does, and when another resource for the same topic may have gone.
 */

import { z } from 'zod';

import type { Clock } from '../broker/platform/clock.ts';
import type { Logger } from '../broker/platform/logger.ts';
import type { Random } from '../broker/platform/random.ts';
import type { Timers } from '../broker/platform/timers.ts';
import type { KafkaAdminFactory } from './kafka-admin/port.ts';
import { CachedReader } from './kube/cached-reader.ts';
import { Informer } from './kube/informer.ts';
import type { KubeClient, KubeObject, ResourceKind } from './kube/port.ts';
import {
  configMaps,
  kafkaClusters,
  kafkaTopics,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from './kube/resources.ts';
import { WorkQueue } from './kube/work-queue.ts';
import { instanceLabel, managedByLabel } from './model/cluster-identity.ts';
import type { Images } from './model/images.ts';
import { KafkaClusterReconciler } from './reconcilers/kafka-cluster.ts';
import { KafkaTopicReconciler } from './reconcilers/kafka-topic.ts';
import type { Reconciler } from './reconcilers/reconciler.ts';

export interface ManagerOptions {
  readonly kube: KubeClient;
  readonly admin: KafkaAdminFactory;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly images: Images;
  /** Absent: all namespaces. */
  readonly namespace?: string;
}

export interface Manager {
  /** Resolves once every informer has read its first list. */
  ready(): Promise<void>;
  /** Stops taking work and resolves when what was running has ended. Idempotent. */
  stop(): Promise<void>;
}

const clusterConcurrency = 4;
const topicConcurrency = 16;

export function startManager(options: ManagerOptions): Manager {
  const { kube, admin, clock, logger, images } = options;
  const informers = new Map<string, Informer<KubeObject>>();
  const reader = new CachedReader(informers);
  const clusters = queueOf(options, {
    name: 'KafkaCluster',
    concurrency: clusterConcurrency,
    reconciler: new KafkaClusterReconciler({ kube, admin, clock, logger, images }),
  });
  const topics = queueOf(options, {
    name: 'KafkaTopic',
    concurrency: topicConcurrency,
    reconciler: new KafkaTopicReconciler({ kube, reader, admin, clock, logger }),
  });

  const addTopicsOf = (namespace: string, cluster: string): void => {
    for (const topic of informers.get(kafkaTopics.kind)?.list() ?? []) {
      if (topic.metadata.namespace !== namespace || clusterOf(topic) !== cluster) continue;
      topics.add(keyOf(topic));
    }
  };
  const watched: readonly Watched[] = [
    {
      kind: kafkaClusters,
      onChange: (cluster) => {
        clusters.add(keyOf(cluster));
        addTopicsOf(cluster.metadata.namespace ?? '', cluster.metadata.name);
      },
    },
    {
      kind: kafkaTopics,
      onChange: (topic) => {
        topics.add(keyOf(topic));
        // The next oldest takes over a topic whose resource goes.
        if (topic.metadata.deletionTimestamp === undefined) return;
        addTopicsOf(topic.metadata.namespace ?? '', clusterOf(topic) ?? '');
      },
    },
    ...[statefulSets, pods, services, configMaps, podDisruptionBudgets].map((kind) => ({
      kind,
      labels: managedByLabel,
      onChange: ({ metadata }: KubeObject) => {
        const cluster = metadata.labels?.[instanceLabel];
        if (cluster !== undefined) clusters.add(`${metadata.namespace ?? ''}/${cluster}`);
      },
    })),
  ];
  for (const each of watched) informers.set(each.kind.kind, informerOf(options, each));
  return {
    ready: async () => {
      await Promise.all([...informers.values()].map((informer) => informer.synced));
    },
    stop: async () => {
      await Promise.all([clusters.stop(), topics.stop()]);
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
    },
  };
}

interface Watched {
  readonly kind: ResourceKind;
  readonly labels?: Readonly<Record<string, string>>;
  readonly onChange: (object: KubeObject) => void;
}

function informerOf(options: ManagerOptions, watched: Watched): Informer<KubeObject> {
  const { kube, timers, random, logger, namespace } = options;
  return new Informer({
    kube,
    timers,
    random,
    logger,
    ...watched,
    ...(namespace === undefined ? {} : { namespace }),
  });
}

interface Controller {
  readonly name: string;
  readonly concurrency: number;
  readonly reconciler: Reconciler;
}

function queueOf(
  { timers, random, logger }: ManagerOptions,
  { name, concurrency, reconciler }: Controller,
): WorkQueue {
  const log = logger.child({ controller: name });
  return new WorkQueue({
    timers,
    random,
    concurrency,
    work: async (key) => {
      const [namespace = '', resource = ''] = key.split('/');
      const result = await reconciler.reconcile({ namespace, name: resource });
      return result.requeueAfterMs;
    },
    onError: (key, err, failures) => {
      // A conflict is the ordinary way to hear that something else was faster.
      const level = failures > 2 ? 'warn' : 'debug';
      log[level]({ key, err, failures }, 'reconciling failed and is tried again');
    },
  });
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

const clusterRef = z.object({ clusterRef: z.object({ name: z.string() }) });

function clusterOf(topic: KubeObject): string | null {
  return clusterRef.safeParse(topic.spec).data?.clusterRef.name ?? null;
}
