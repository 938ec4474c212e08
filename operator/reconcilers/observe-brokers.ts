/** What a topic's reconciliation has to know of the cluster's brokers, in the terms of decide/. */

import { z } from 'zod';

import type { Clock } from '../../broker/platform/clock.ts';
import { timeOfRfc3339 } from '../../broker/platform/clock.ts';
import { kafkaClusterSchema } from '../api/kafka-cluster.ts';
import { parseKafkaCluster } from '../api/parse.ts';
import type { ObservedBrokers } from '../decide/placement.ts';
import type { KafkaAdmin } from '../kafka-admin/port.ts';
import type { KubeReader } from '../kube/reader.ts';
import type { CustomResource, Pod } from '../kube/resources.ts';
import { pods } from '../kube/resources.ts';
import { selectorLabels } from '../model/cluster-identity.ts';
import { brokerIds } from '../model/instances.ts';
import { defaultReplicas } from '../model/replication-properties.ts';
import { previousConditions } from '../status/conditions.ts';

interface Sources {
  readonly reader: KubeReader;
  readonly admin: KafkaAdmin;
  readonly clock: Clock;
}

export async function observeBrokers(
  { reader, admin, clock }: Sources,
  cluster: CustomResource,
): Promise<ObservedBrokers> {
  const { name, namespace = '' } = cluster.metadata;
  const labels = selectorLabels({ name }, 'broker');
  const [{ brokerIds: registered }, { items }] = await Promise.all([
    admin.describeCluster(),
    reader.list(pods, { namespace, labels }),
  ]);
  const parsed = parseKafkaCluster(cluster);
  const { formedReplicas = 0, observedGeneration } = statusOf(cluster);
  const isSeen = observedGeneration === cluster.metadata.generation;
  return {
    wanted: parsed.ok ? brokerIds(parsed.value.spec) : [],
    formedCount: formedReplicas,
    registered,
    defaultReplicas: parsed.ok ? defaultReplicas(parsed.value.spec) : 1,
    // Of a spec that the operator has not looked at yet nothing can have begun.
    quietMs: isSeen ? clock.nowMs() - lastProgressMs(cluster, items) : 0,
  };
}

/** When the cluster or a broker's pod was made, or last became ready or stopped being it. */
function lastProgressMs(cluster: CustomResource, items: readonly Pod[]): number {
  const times = [
    cluster.metadata.creationTimestamp,
    readySince(previousConditions(cluster.status)),
    ...items.flatMap(({ metadata, status }) => [
      metadata.creationTimestamp,
      readySince(status?.conditions ?? []),
    ]),
  ];
  return Math.max(0, ...times.map((time) => timeOfRfc3339(time ?? '') ?? 0));
}

interface Transition {
  readonly type: string;
  readonly lastTransitionTime?: string | null | undefined;
}

function readySince(conditions: readonly Transition[]): string | null | undefined {
  return conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime;
}

const { formedReplicas, observedGeneration } = kafkaClusterSchema.status.shape;
const storedFields = z.object({ formedReplicas, observedGeneration });

function statusOf({ status }: CustomResource): z.output<typeof storedFields> {
  return storedFields.safeParse(status).data ?? {};
}
