/**
 * ZooKeeper by the environment contract of the official image (ZOO_*). Servers have static ids, the
 * ordinals from 1; the ensemble is never a standalone server, so that it can be grown one day.
 */

import type { StorageSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { podHost, selectorLabels, setName } from './cluster-identity.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { fingerprint } from './fingerprint.ts';
import { ownedMetadata } from './metadata.ts';
import type { NamedPort } from './services.ts';
import type { DesiredComponent } from './pod-parts.ts';
import {
  claimParts,
  containerSecurity,
  dataVolume,
  envOfField,
  envOfOrdinal,
  podSecurity,
  podTemplate,
  revisionOf,
} from './pod-parts.ts';
import { headlessService } from './services.ts';

const firstServerId = 1;
const clientPort = 2181;
const ports: readonly NamedPort[] = [
  { name: 'client', port: clientPort },
  { name: 'peer', port: 2888 },
  { name: 'election', port: 3888 },
];

export interface ZooKeeperInput {
  readonly replicas: number;
  readonly storage: StorageSpec;
  readonly image: string;
}

/** The value of zookeeper.connect: every server by name. */
export function zookeeperConnect(cluster: ClusterIdentity, replicas: number): string {
  return serverIds(replicas)
    .map((id) => `${podHost(cluster, 'zookeeper', id)}:${String(clientPort)}`)
    .join(',');
}

export function zookeeperObjects(
  cluster: ClusterIdentity,
  input: ZooKeeperInput,
): DesiredComponent {
  const template = podTemplate({
    cluster,
    component: 'zookeeper',
    podSpec: zookeeperPod(cluster, input),
    configHash: fingerprint({}),
  });
  return {
    objects: [
      headlessService(cluster, 'zookeeper', ports),
      disruptionBudget(cluster, 'zookeeper'),
      zookeeperSet(cluster, input, template),
    ],
    revision: revisionOf(input.replicas, template),
  };
}

function zookeeperSet(
  cluster: ClusterIdentity,
  input: ZooKeeperInput,
  template: object,
): KubeObject {
  const name = setName(cluster, 'zookeeper');
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: ownedMetadata(cluster, 'zookeeper', name),
    spec: {
      replicas: input.replicas,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      ordinals: { start: firstServerId },
      selector: { matchLabels: selectorLabels(cluster, 'zookeeper') },
      template,
      ...claimParts(cluster, 'zookeeper', input.storage),
    },
  };
}

function zookeeperPod(cluster: ClusterIdentity, { replicas, image }: ZooKeeperInput): object {
  const tcp = { tcpSocket: { port: 'client' } };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: podSecurity,
    containers: [
      {
        name: 'zookeeper',
        image,
        env: [
          envOfOrdinal('ZOO_MY_ID'),
          envOfField('POD_IP', 'status.podIP'),
          ...Object.entries(environment(cluster, replicas)).map(([key, value]) => ({
            name: key,
            value,
          })),
        ],
        ports: ports.map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
        startupProbe: { ...tcp, periodSeconds: 1, failureThreshold: 120 },
        livenessProbe: { ...tcp, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
        readinessProbe: { exec: { command: servesCommand }, periodSeconds: 2, timeoutSeconds: 5 },
        // The image's start script writes its configuration below /conf.
        securityContext: containerSecurity(false),
        volumeMounts: [{ name: dataVolume, mountPath: '/data' }],
      },
    ],
  };
}

/** A server without a quorum accepts connections too; only one that serves has a mode. */
const servesCommand = [
  'bash',
  '-c',
  `exec 3<>/dev/tcp/$POD_IP/${String(clientPort)} && echo srvr >&3 && grep -q ^Mode: <&3`,
];

function environment(cluster: ClusterIdentity, replicas: number): Readonly<Record<string, string>> {
  return {
    ZOO_SERVERS: serverIds(replicas)
      .map((id) => `server.${String(id)}=${podHost(cluster, 'zookeeper', id)}:2888:3888;2181`)
      .join(' '),
    ZOO_STANDALONE_ENABLED: 'false',
    ZOO_ADMINSERVER_ENABLED: 'false',
    ZOO_4LW_COMMANDS_WHITELIST: 'srvr',
    ZOO_DATA_DIR: '/data',
    // The image's own /datalog is no volume of ours: transactions there would be lost with the pod.
    ZOO_DATA_LOG_DIR: '/data/log',
    ZOO_AUTOPURGE_PURGEINTERVAL: '1',
    ZOO_AUTOPURGE_SNAPRETAINCOUNT: '3',
    ZOO_MAX_CLIENT_CNXNS: '0',
    // A server's own name may lead nowhere while its pod starts; it must not listen there alone.
    ZOO_CFG_EXTRA: 'quorumListenOnAllIPs=true',
  };
}

function serverIds(replicas: number): readonly number[] {
  return Array.from({ length: replicas }, (_, index) => firstServerId + index);
}
