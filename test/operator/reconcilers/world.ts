/** Kubernetes in memory with a hand that plays kubelet, Kafka in memory, and the two reconcilers. */

import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import type { KubeObject } from '../../../operator/api/object.ts';
import {
  kafkaClusters,
  kafkaTopics,
  pods,
  statefulSets,
} from '../../../operator/kube/resources.ts';
import { localAdmission } from '../../../operator/local/store/local-admission.ts';
import { ObjectStore } from '../../../operator/local/store/object-store.ts';
import { KafkaClusterReconciler } from '../../../operator/reconcilers/kafka-cluster.ts';
import { KafkaTopicReconciler } from '../../../operator/reconcilers/kafka-topic.ts';
import type { Condition } from '../../../operator/api/condition.ts';
import { previousConditions } from '../../../operator/status/conditions.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { FakeKafka } from '../fake-kafka.ts';

const namespace = 'default';
const user = { fieldManager: 'kubectl', force: true };

export class World {
  readonly time = new ManualTime();
  readonly kafka = new FakeKafka();
  readonly kube = new ObjectStore({
    clock: this.time,
    timers: this.time,
    random: systemRandom,
    admission: localAdmission,
  });
  readonly clusters: KafkaClusterReconciler;
  readonly topics: KafkaTopicReconciler;

  constructor() {
    const { kube, time: clock } = this;
    const admin = (): ReturnType<FakeKafka['connect']> => this.kafka.connect();
    const common = { kube, admin, clock, logger: silentLogger };
    const images = { broker: 'broker:1', zookeeper: 'zookeeper:1' };
    this.clusters = new KafkaClusterReconciler({ ...common, images });
    this.topics = new KafkaTopicReconciler({ ...common, reader: kube });
  }

  async apply(object: KubeObject): Promise<void> {
    const kind = object.kind === 'KafkaCluster' ? kafkaClusters : kafkaTopics;
    await this.kube.apply(kind, object, user);
  }

  /** What the controller of StatefulSets and kubelet do: every pod that is missing, ready or not. */
  async playKubelet(ready: (pod: string) => boolean = () => true): Promise<void> {
    const sets = await this.kube.list(statefulSets, { namespace });
    for (const set of sets.items) {
      const { replicas, ordinals, template } = set.spec;
      await this.kube.applyStatus(
        statefulSets,
        { ...head(set), status: { observedGeneration: set.metadata.generation } },
        { fieldManager: 'controller', force: true },
      );
      for (let ordinal = ordinals.start; ordinal < ordinals.start + replicas; ordinal += 1) {
        await this.#playPod(`${set.metadata.name}-${String(ordinal)}`, template, ready);
      }
    }
  }

  /** Ends the pods that are terminating; returns their names. */
  async endTerminating(): Promise<readonly string[]> {
    const list = await this.kube.list(pods, { namespace });
    const ending = list.items.filter((pod) => pod.metadata.deletionTimestamp !== undefined);
    for (const { metadata } of ending) {
      this.kube.removeNow(pods, { namespace, name: metadata.name }, metadata.uid ?? '');
    }
    return ending.map((pod) => pod.metadata.name);
  }

  async podNames(): Promise<readonly string[]> {
    const list = await this.kube.list(pods, { namespace });
    return list.items.map((pod) => pod.metadata.name).sort();
  }

  async condition(
    kind: 'KafkaCluster' | 'KafkaTopic',
    name: string,
  ): Promise<Condition | undefined> {
    const resources = kind === 'KafkaCluster' ? kafkaClusters : kafkaTopics;
    const object = await this.kube.get(resources, { namespace, name });
    return previousConditions(object?.status).find((each) => each.type === 'Ready');
  }

  async #playPod(name: string, template: object, ready: (pod: string) => boolean): Promise<void> {
    const kubelet = { fieldManager: 'kubelet', force: true };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } };
    if ((await this.kube.get(pods, { namespace, name })) === null) {
      const made = pods.parse({
        ...template,
        ...pod,
        metadata: { ...metadataOf(template), name, namespace },
      });
      await this.kube.create(pods, made);
    }
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: ready(name) ? 'True' : 'False' }],
    };
    await this.kube.applyStatus(pods, { ...pod, status }, kubelet);
  }
}

function head(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, metadata: { name: metadata.name, namespace } };
}

function metadataOf(template: object): object {
  return 'metadata' in template && typeof template.metadata === 'object'
    ? { ...template.metadata }
    : {};
}
