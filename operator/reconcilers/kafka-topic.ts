/**
 * KafkaTopic: observe -> decide -> change the topic -> status.
 *
 * A finalizer holds a resource back whose topic has to be deleted with it. It is released when the
 * topic is gone, and also when the cluster is: then there is nothing left to delete.
 */

import { z } from 'zod';

import { ConnectionError } from '../../broker/client/broker-connection.ts';
import { KafkaError } from '../../broker/model/kafka-error.ts';
import type { Clock } from '../../broker/platform/clock.ts';
import type { Logger } from '../../broker/platform/logger.ts';
import type { KafkaTopic, KafkaTopicStatus } from '../api/kafka-topic.ts';
import { topicNameOf } from '../api/kafka-topic.ts';
import { parseKafkaTopic } from '../api/parse.ts';
import { problemsText } from '../api/problem.ts';
import { placementHold, placesPartitions } from '../decide/placement.ts';
import { decideTopic } from '../decide/topic.ts';
import type { TopicClaim } from '../decide/topic-owner.ts';
import { topicOwner } from '../decide/topic-owner.ts';
import type { KafkaAdmin, KafkaAdminFactory } from '../kafka-admin/port.ts';
import type { KubeClient, ObjectKey } from '../kube/port.ts';
import { KubeError } from '../kube/port.ts';
import type { KubeReader } from '../kube/reader.ts';
import type { CustomResource } from '../kube/resources.ts';
import { kafkaClusters, kafkaTopics } from '../kube/resources.ts';
import { topicProblems } from '../model/topic.ts';
import type { Outcome } from '../status/conditions.ts';
import { observeBrokers } from './observe-brokers.ts';
import { brokerAddresses } from './observe-cluster.ts';
import type { ReconcileResult, Reconciler } from './reconciler.ts';
import { StatusWriter } from './status-writer.ts';
import { TopicOperations, errorText } from './topic-operations.ts';
import {
  conflict,
  detailsOf,
  outcomeOf,
  periodOf,
  refused,
  unknownCluster,
  waitingForBrokers,
} from './topic-outcomes.ts';

const fieldManager = 'odradek-kafkatopic';
const finalizer = 'odradek.dev/topic';

export interface KafkaTopicReconcilerOptions {
  readonly kube: KubeClient;
  /** Where resources and pods are read: perhaps a cache. */
  readonly reader: KubeReader;
  readonly admin: KafkaAdminFactory;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Result {
  readonly outcome: Outcome;
  readonly details: KafkaTopicStatus;
}

export class KafkaTopicReconciler implements Reconciler {
  readonly #options: KafkaTopicReconcilerOptions;
  readonly #status: StatusWriter;

  constructor(options: KafkaTopicReconcilerOptions) {
    this.#options = options;
    this.#status = new StatusWriter({
      kube: options.kube,
      clock: options.clock,
      kind: kafkaTopics,
      fieldManager: `${fieldManager}-status`,
    });
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const resource = await this.#options.kube.get(kafkaTopics, key);
    if (resource === null) return { requeueAfterMs: null };
    if (resource.metadata.deletionTimestamp !== undefined) return this.#finalize(resource, key);
    const { outcome, details } = await this.#converge(resource, key);
    await this.#status.write(resource, outcome, details);
    return { requeueAfterMs: periodOf(outcome) };
  }

  async #converge(resource: CustomResource, key: ObjectKey): Promise<Result> {
    const before = storedStatus(resource);
    const parsed = parseKafkaTopic(resource);
    const problems = parsed.ok ? topicProblems(parsed.value.spec) : parsed.problems;
    if (!parsed.ok || problems.length > 0) {
      const message = problemsText(problems);
      return { outcome: { state: 'stalled', reason: 'InvalidSpec', message }, details: before };
    }
    const topic = parsed.value;
    const owner = await this.#otherOwner(resource, topic, key);
    if (owner !== null) return { outcome: conflict(topicNameOf(topic), owner), details: {} };
    const { name: clusterName } = topic.spec.clusterRef;
    const clusterKey = { namespace: key.namespace, name: clusterName };
    const cluster = await this.#options.reader.get(kafkaClusters, clusterKey);
    if (cluster === null) return { outcome: unknownCluster(clusterName), details: before };
    await this.#holdBack(resource, topic.spec.deletionPolicy === 'Delete');
    return this.#withAdmin(
      clusterKey,
      (admin) => this.#bringAbout(admin, topic, { cluster, before }),
      (message) => ({
        outcome: { state: 'progressing', reason: 'ClusterNotReady', message },
        details: before,
      }),
    );
  }

  async #bringAbout(
    admin: KafkaAdmin,
    topic: KafkaTopic,
    { cluster, before }: { readonly cluster: CustomResource; readonly before: KafkaTopicStatus },
  ): Promise<Result> {
    const name = topicNameOf(topic);
    const operations = new TopicOperations(admin, name);
    const observed = await operations.observe();
    const managed = before.topicName === name;
    const { actions, problems } = decideTopic({ spec: topic.spec, observed, managed });
    const details = managed ? detailsOf(name, observed) : {};
    const hold = actions.some(placesPartitions)
      ? placementHold(topic.spec, await observeBrokers({ ...this.#options, admin }, cluster))
      : null;
    for (const action of actions) {
      if (hold !== null && placesPartitions(action)) continue;
      const refusal = await operations.perform(action);
      if (refusal !== null) return { outcome: refused(refusal), details };
      this.#options.logger.info({ topic: name, action }, 'changed a topic');
    }
    if (problems.length > 0) {
      const reason = managed ? 'ChangeRefused' : 'TopicExists';
      const outcome: Outcome = { state: 'stalled', reason, message: problemsText(problems) };
      return { outcome, details };
    }
    if (hold !== null) return { outcome: waitingForBrokers(hold), details };
    const now = actions.length === 0 ? observed : await operations.observe();
    return { outcome: outcomeOf(topic, now), details: detailsOf(name, now) };
  }

  /** The older resource that has the topic, if there is one. */
  async #otherOwner(
    resource: CustomResource,
    topic: KafkaTopic,
    { namespace }: ObjectKey,
  ): Promise<TopicClaim | null> {
    const { items } = await this.#options.reader.list(kafkaTopics, { namespace });
    const claims = items.flatMap((each) => {
      const parsed = parseKafkaTopic(each);
      return parsed.ok && !hasLetGo(each) ? [claimOf(each, parsed.value)] : [];
    });
    return topicOwner(claimOf(resource, topic), claims);
  }

  async #finalize(resource: CustomResource, key: ObjectKey): Promise<ReconcileResult> {
    if (resource.metadata.finalizers?.includes(finalizer) !== true) return { requeueAfterMs: null };
    const doomed = doomedTopic(resource);
    const cluster = { namespace: key.namespace, name: doomed?.clusterName ?? '' };
    const found = doomed === null ? null : await this.#options.kube.get(kafkaClusters, cluster);
    if (doomed === null || found === null || found.metadata.deletionTimestamp !== undefined) {
      await this.#holdBack(resource, false);
      return { requeueAfterMs: null };
    }
    const outcome = await this.#withAdmin<Outcome | null>(
      cluster,
      async (admin) => {
        const refusal = await new TopicOperations(admin, doomed.topicName).remove();
        return refusal === null ? null : refused(refusal);
      },
      (message) => ({ state: 'progressing', reason: 'ClusterNotReady', message }),
    );
    if (outcome === null) {
      this.#options.logger.info(
        { topic: doomed.topicName, cluster: cluster.name },
        'deleted a topic',
      );
      await this.#holdBack(resource, false);
      return { requeueAfterMs: null };
    }
    const message = `The topic is to be deleted: ${outcome.message}`;
    await this.#status.write(resource, { ...outcome, message }, storedStatus(resource));
    return { requeueAfterMs: periodOf(outcome) };
  }

  /** Sets or releases the finalizer, the only thing that the operator writes beside the status. */
  async #holdBack({ metadata }: CustomResource, held: boolean): Promise<void> {
    if ((metadata.finalizers?.includes(finalizer) === true) === held) return;
    const { name, namespace, uid } = metadata;
    const object = {
      apiVersion: kafkaTopics.apiVersion,
      kind: kafkaTopics.kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(held ? { finalizers: [finalizer] } : {}),
      },
    };
    try {
      await this.#options.kube.apply(kafkaTopics, object, { fieldManager, force: true });
    } catch (error) {
      // Somebody else took the last finalizer: the resource is gone, as was wanted.
      const gone = error instanceof KubeError && ['NOT_FOUND', 'CONFLICT'].includes(error.code);
      if (held || !gone) throw error;
    }
  }

  /** Calls `then` with a connection to the cluster, or `otherwise` with why there is none. */
  async #withAdmin<T>(
    cluster: ObjectKey,
    then: (admin: KafkaAdmin) => Promise<T>,
    otherwise: (message: string) => T,
  ): Promise<T> {
    const addresses = await brokerAddresses(this.#options.reader, cluster);
    if (addresses.length === 0) return otherwise(`No broker of ${cluster.name} is ready`);
    const admin = this.#options.admin(addresses);
    try {
      return await then(admin);
    } catch (error) {
      if (error instanceof KafkaError) return otherwise(`Kafka: ${errorText(error)}`);
      if (!(error instanceof ConnectionError)) throw error;
      return otherwise(`The brokers of ${cluster.name} do not answer: ${error.message}`);
    } finally {
      await admin.close();
    }
  }
}

/** It is going; while it is held back, its topic may still have to go with it. */
function hasLetGo({ metadata: { deletionTimestamp, finalizers = [] } }: CustomResource): boolean {
  return deletionTimestamp !== undefined && !finalizers.includes(finalizer);
}

function claimOf({ metadata }: CustomResource, topic: KafkaTopic): TopicClaim {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    creationTimestamp: metadata.creationTimestamp ?? '',
    clusterName: topic.spec.clusterRef.name,
    topicName: topicNameOf(topic),
  };
}

const clusterRef = z.object({ clusterRef: z.object({ name: z.string() }) });

/** The topic to delete with the resource; null for one that never became its own. */
function doomedTopic(
  resource: CustomResource,
): { readonly clusterName: string; readonly topicName: string } | null {
  const { topicName } = storedStatus(resource);
  const spec = clusterRef.safeParse(resource.spec).data;
  const retained = z.object({ deletionPolicy: z.literal('Retain') }).safeParse(resource.spec);
  if (topicName === undefined || spec === undefined || retained.success) return null;
  return { clusterName: spec.clusterRef.name, topicName };
}

const storedFields = z.object({
  topicName: z.string().exactOptional(),
  topicId: z.string().exactOptional(),
  partitions: z.int().exactOptional(),
  replicas: z.int().exactOptional(),
});

/** What the status said beside conditions. */
function storedStatus({ status }: CustomResource): KafkaTopicStatus {
  return storedFields.safeParse(status).data ?? {};
}
