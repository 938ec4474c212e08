/** The brokers of a cluster: configuration, Services, disruption budget and StatefulSet. */

import type { KafkaClusterSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import type { Properties } from './broker-properties.ts';
import {
  brokerProperties,
  dataFolder,
  httpPort,
  renderProperties,
  replicationListener,
  restartProperties,
} from './broker-properties.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { selectorLabels, serviceHost, setName } from './cluster-identity.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { fingerprint } from './fingerprint.ts';
import { instancesConfigMap, instancesFolder, instancesName } from './instances.ts';
import { ownedMetadata } from './metadata.ts';
import type { NamedPort } from './services.ts';
import type { DesiredComponent } from './pod-parts.ts';
import {
  claimParts,
  containerSecurity,
  dataVolume,
  envOfOrdinal,
  podSecurity,
  podTemplate,
  revisionOf,
} from './pod-parts.ts';
import { bootstrapService, headlessService } from './services.ts';

const configFolder = '/etc/odradek/config';
const propertiesFile = 'server.properties';

export interface BrokersInput {
  readonly spec: KafkaClusterSpec;
  readonly image: string;
  readonly zookeeperConnect: string;
}

export function brokerObjects(cluster: ClusterIdentity, input: BrokersInput): DesiredComponent {
  const { spec } = input;
  const properties = brokerProperties(spec, {
    zookeeperConnect: input.zookeeperConnect,
    serviceHost: serviceHost(cluster, setName(cluster, 'broker')),
  });
  const template = podTemplate({
    cluster,
    component: 'broker',
    podSpec: brokerPod(cluster, input),
    configHash: fingerprint(restartProperties(properties)),
    user: spec.broker.template,
  });
  return {
    objects: [
      headlessService(cluster, 'broker', brokerPorts(spec)),
      bootstrapService(cluster, spec.listeners),
      disruptionBudget(cluster, 'broker'),
      configConfigMap(cluster, properties),
      instancesConfigMap(cluster, spec),
      brokerSet(cluster, spec, template),
    ],
    revision: revisionOf(spec.broker.replicas, template),
  };
}

function configConfigMap(
  cluster: ClusterIdentity,
  properties: Properties,
): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(cluster, 'broker', configName(cluster)),
    data: { [propertiesFile]: renderProperties(properties) },
  };
}

function brokerSet(cluster: ClusterIdentity, spec: KafkaClusterSpec, template: object): KubeObject {
  const name = setName(cluster, 'broker');
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: ownedMetadata(cluster, 'broker', name),
    spec: {
      replicas: spec.broker.replicas,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      ordinals: { start: spec.broker.firstId },
      selector: { matchLabels: selectorLabels(cluster, 'broker') },
      template,
      ...claimParts(cluster, 'broker', spec.broker.storage),
    },
  };
}

function brokerPod(cluster: ClusterIdentity, input: BrokersInput): object {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: podSecurity,
    containers: [brokerContainer(input)],
    volumes: [
      { name: 'config', configMap: { name: configName(cluster) } },
      { name: 'instances', configMap: { name: instancesName(cluster) } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}

function brokerContainer({ spec, image }: BrokersInput): object {
  const { resources } = spec.broker;
  const health = { httpGet: { path: '/healthz', port: 'http' } };
  return {
    name: 'broker',
    image,
    args: [`${configFolder}/${propertiesFile}`],
    env: [
      envOfOrdinal('KAFKA_BROKER_ID'),
      {
        name: 'KAFKA_ODRADEK_INSTANCE_FILE',
        value: `${instancesFolder}/$(KAFKA_BROKER_ID).json`,
      },
    ],
    ports: brokerPorts(spec).map(({ name, port }) => ({
      name,
      containerPort: port,
      protocol: 'TCP',
    })),
    // Recovery of a large log may take half an hour; until then nobody restarts the broker.
    startupProbe: { ...health, periodSeconds: 1, failureThreshold: 1800 },
    livenessProbe: { ...health, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: {
      httpGet: { path: '/readyz', port: 'http' },
      periodSeconds: 2,
      timeoutSeconds: 5,
    },
    securityContext: containerSecurity(true),
    ...(resources === undefined ? {} : { resources: textual(resources) }),
    volumeMounts: [
      { name: dataVolume, mountPath: dataFolder },
      { name: 'config', mountPath: configFolder, readOnly: true },
      { name: 'instances', mountPath: instancesFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function brokerPorts(spec: KafkaClusterSpec): readonly NamedPort[] {
  return [replicationListener, ...spec.listeners, { name: 'http', port: httpPort }];
}

function configName(cluster: ClusterIdentity): string {
  return `${setName(cluster, 'broker')}-config`;
}

/** An API server writes quantities as text, and what it answers is compared with what was applied. */
function textual(
  resources: NonNullable<KafkaClusterSpec['broker']['resources']>,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    Object.entries(resources).map(([kind, quantities]) => [
      kind,
      Object.fromEntries(
        Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]),
      ),
    ]),
  );
}
