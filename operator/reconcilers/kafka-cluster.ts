/**
 * KafkaCluster: observe -> decide -> apply -> status.
 *
 * Objects are owned by the resource and go with it, so there is no finalizer; volumes stay unless
 * deleteClaim says otherwise.
 */

import { z } from 'zod';

import type { Clock } from '../../broker/platform/clock.ts';
import type { Logger } from '../../broker/platform/logger.ts';
import type { KafkaCluster, KafkaClusterStatus } from '../api/kafka-cluster.ts';
import { kafkaClusterSchema } from '../api/kafka-cluster.ts';
import { parseKafkaCluster } from '../api/parse.ts';
import type { Problem } from '../api/problem.ts';
import { problemsText } from '../api/problem.ts';
import type { ClusterAction, ClusterDecision } from '../decide/cluster.ts';
import { decideCluster } from '../decide/cluster.ts';
import { heldBack, withTemplateSizes } from '../decide/held-back.ts';
import type { ClusterDescription, KafkaAdminFactory } from '../kafka-admin/port.ts';
import type { KubeClient, ObjectKey } from '../kube/port.ts';
import { KubeError } from '../kube/port.ts';
import type { CustomResource } from '../kube/resources.ts';
import { kafkaClusters, kindOf, persistentVolumeClaims, pods } from '../kube/resources.ts';
import { configProblems } from '../model/broker-properties.ts';
import type { ClusterIdentity } from '../model/cluster-identity.ts';
import { desiredCluster } from '../model/cluster.ts';
import type { Images } from '../model/images.ts';
import { clusterStatus } from '../status/cluster-status.ts';
import type { Outcome } from '../status/conditions.ts';
import type { SeenComponent } from './observe-cluster.ts';
import { observeComponent } from './observe-cluster.ts';
import type { ReconcileResult, Reconciler } from './reconciler.ts';
import { StatusWriter } from './status-writer.ts';

const fieldManager = 'odradek-kafkacluster';
/** While something is under way that may make no event, such as a broker that registers. */
const progressPeriodMs = 2_000;
/** What somebody else changed past the watches is put back after this. */
const resyncPeriodMs = 300_000;

export interface KafkaClusterReconcilerOptions {
  readonly kube: KubeClient;
  readonly admin: KafkaAdminFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly images: Images;
}

interface Seen {
  readonly zookeeper: SeenComponent;
  readonly brokers: SeenComponent;
  readonly answer: BrokersAnswer;
}

type BrokersAnswer =
  | { readonly kind: 'description'; readonly description: ClusterDescription }
  | { readonly kind: 'none'; readonly reason: string };

export class KafkaClusterReconciler implements Reconciler {
  readonly #options: KafkaClusterReconcilerOptions;
  readonly #status: StatusWriter;

  constructor(options: KafkaClusterReconcilerOptions) {
    this.#options = options;
    const { kube, clock } = options;
    const statusManager = `${fieldManager}-status`;
    this.#status = new StatusWriter({
      kube,
      clock,
      kind: kafkaClusters,
      fieldManager: statusManager,
    });
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const resource = await this.#options.kube.get(kafkaClusters, key);
    if (resource?.metadata.deletionTimestamp !== undefined || resource === null) return idle;
    const parsed = parseKafkaCluster(resource);
    const problems = parsed.ok ? configProblems(parsed.value.spec) : parsed.problems;
    if (!parsed.ok || problems.length > 0) {
      await this.#write(resource, invalidSpec(problems), storedDetails(resource));
      return idle;
    }
    if (parsed.value.spec.paused) {
      await this.#write(resource, paused, storedDetails(resource));
      return idle;
    }
    return this.#converge(resource, parsed.value, identityOf(resource, key));
  }

  async #converge(
    resource: CustomResource,
    { spec }: KafkaCluster,
    cluster: ClusterIdentity,
  ): Promise<ReconcileResult> {
    const seen = await this.#observe(cluster);
    const held = heldBack(spec, seen);
    const decision = decideCluster({
      desired: desiredCluster(cluster, withTemplateSizes(held.spec, seen), this.#options.images),
      zookeeper: seen.zookeeper,
      brokers: seen.brokers,
      storage: { brokers: spec.broker.storage, zookeeper: spec.zookeeper.storage ?? null },
      controllerId:
        seen.answer.kind === 'description' ? seen.answer.description.controllerId : null,
    });
    const refusal = await this.#perform(cluster, decision);
    const outcome = refusal ?? outcomeOf(held.problems, decision, seen);
    await this.#write(
      resource,
      outcome,
      clusterStatus({
        cluster,
        spec: held.spec,
        pods: seen.brokers.pods,
        description: seen.answer.kind === 'description' ? seen.answer.description : null,
        before: storedDetails(resource),
        isReady: outcome.state === 'ready',
      }),
    );
    const progressing = outcome.state === 'progressing' || decision.waitingFor !== null;
    return { requeueAfterMs: progressing ? progressPeriodMs : resyncPeriodMs };
  }

  async #observe(cluster: ClusterIdentity): Promise<Seen> {
    const { kube } = this.#options;
    const [zookeeper, brokers] = await Promise.all([
      observeComponent(kube, cluster, 'zookeeper'),
      observeComponent(kube, cluster, 'broker'),
    ]);
    return { zookeeper, brokers, answer: await this.#ask(brokers) };
  }

  async #ask({ addresses }: SeenComponent): Promise<BrokersAnswer> {
    if (addresses.length === 0) return { kind: 'none', reason: 'no broker is ready' };
    const admin = this.#options.admin(addresses);
    try {
      return { kind: 'description', description: await admin.describeCluster() };
    } catch (error) {
      return { kind: 'none', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      await admin.close();
    }
  }

  /** Null when all was done; else what the API server refused, which only a change can mend. */
  async #perform(cluster: ClusterIdentity, decision: ClusterDecision): Promise<Outcome | null> {
    for (const action of decision.actions) {
      try {
        await this.#act(cluster, action);
      } catch (error) {
        if (!(error instanceof KubeError) || error.code !== 'INVALID') throw error;
        return { state: 'stalled', reason: 'Refused', message: `Kubernetes: ${error.message}` };
      }
    }
    return null;
  }

  async #act({ namespace, name }: ClusterIdentity, action: ClusterAction): Promise<void> {
    const { kube, logger } = this.#options;
    const owned = { fieldManager, force: true };
    switch (action.kind) {
      case 'apply': {
        const kind = kindOf(action.object);
        if (kind === null) throw new TypeError(`no kind ${action.object.kind}`);
        await kube.apply(kind, action.object, owned);
        return;
      }
      case 'grow-claim': {
        const { name: claim, uid } = action.claim;
        logger.info({ namespace, cluster: name, claim, reason: action.reason }, 'growing a volume');
        await kube.apply(
          persistentVolumeClaims,
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: claim, namespace, uid },
            spec: { resources: { requests: { storage: action.size } } },
          },
          owned,
        );
        return;
      }
      case 'delete-pod': {
        const { name: pod, uid, reason } = action;
        logger.info({ namespace, cluster: name, pod, reason }, 'restarting a pod');
        await kube.remove(pods, { namespace, name: pod }, { uid });
        return;
      }
    }
  }

  async #write(
    resource: CustomResource,
    outcome: Outcome,
    details: KafkaClusterStatus,
  ): Promise<void> {
    await this.#status.write(resource, outcome, details);
  }
}

const idle: ReconcileResult = { requeueAfterMs: null };

const paused: Outcome = {
  state: 'stalled',
  reason: 'Paused',
  message: 'spec.paused is true: nothing is changed until it is false again',
};

function invalidSpec(problems: readonly Problem[]): Outcome {
  return { state: 'stalled', reason: 'InvalidSpec', message: problemsText(problems) };
}

function outcomeOf(
  problems: readonly Problem[],
  { waitingFor }: ClusterDecision,
  { brokers, answer }: Seen,
): Outcome {
  if (problems.length > 0) {
    return { state: 'stalled', reason: 'ChangeRefused', message: problemsText(problems) };
  }
  if (waitingFor !== null) {
    return { state: 'progressing', reason: 'Progressing', message: `Waiting: ${waitingFor}` };
  }
  if (answer.kind === 'none') {
    const message = `Brokers are running, but none answers the operator: ${answer.reason}`;
    return { state: 'progressing', reason: 'BrokersUnreachable', message };
  }
  const { brokerIds, controllerId } = answer.description;
  const absent = brokers.pods.filter((pod) => !brokerIds.includes(pod.ordinal));
  if (absent.length > 0) {
    const ids = absent.map((pod) => String(pod.ordinal)).join(', ');
    const message = `Waiting: broker ${ids} has not registered`;
    return { state: 'progressing', reason: 'BrokersNotRegistered', message };
  }
  if (controllerId < 0) {
    const message = 'Waiting: the brokers have not elected a controller';
    return { state: 'progressing', reason: 'NoController', message };
  }
  const count = String(brokers.pods.length);
  return { state: 'ready', reason: 'Ready', message: `${count} of ${count} brokers are ready` };
}

function identityOf({ metadata }: CustomResource, key: ObjectKey): ClusterIdentity {
  return { ...key, uid: metadata.uid ?? '', generation: metadata.generation ?? 0 };
}

const storedFields = z
  .object(kafkaClusterSchema.status.shape)
  .omit({ conditions: true, observedGeneration: true });

/** What the status said beside conditions, to be kept while nothing new is found out. */
function storedDetails({ status }: CustomResource): KafkaClusterStatus {
  return storedFields.safeParse(status).data ?? {};
}
