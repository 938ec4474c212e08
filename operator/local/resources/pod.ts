/**
 * Pods, as far as local mode runs them. What changes how a process runs is strict: a field that is
 * not known here is refused rather than left out in silence. What only a cluster can do (scheduling,
 * security contexts, resources) passes and has no effect.
 */

import { z } from 'zod';

import { baseSchema, resourceKind } from './kind.ts';

const fieldRef = z.strictObject({ apiVersion: z.string().exactOptional(), fieldPath: z.string() });
const keyRef = z.strictObject({
  name: z.string(),
  key: z.string(),
  optional: z.boolean().default(false),
});
const portName = z.union([z.int(), z.string()]);

const environment = z.strictObject({
  name: z.string(),
  value: z.string().exactOptional(),
  valueFrom: z
    .strictObject({
      fieldRef: fieldRef.exactOptional(),
      configMapKeyRef: keyRef.exactOptional(),
      secretKeyRef: keyRef.exactOptional(),
    })
    .exactOptional(),
});

const probe = z.strictObject({
  httpGet: z
    .strictObject({
      path: z.string().default('/'),
      port: portName,
      host: z.string().exactOptional(),
      scheme: z.literal('HTTP').default('HTTP'),
      httpHeaders: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
    })
    .exactOptional(),
  tcpSocket: z.strictObject({ port: portName, host: z.string().exactOptional() }).exactOptional(),
  exec: z.strictObject({ command: z.array(z.string()) }).exactOptional(),
  initialDelaySeconds: z.number().default(0),
  periodSeconds: z.number().default(10),
  timeoutSeconds: z.number().default(1),
  successThreshold: z.int().default(1),
  failureThreshold: z.int().default(3),
  terminationGracePeriodSeconds: z.number().exactOptional(),
});

const volumeMount = z.strictObject({
  name: z.string(),
  mountPath: z.string().startsWith('/'),
  subPath: z.string().exactOptional(),
  readOnly: z.boolean().default(false),
});

const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).exactOptional(),
  args: z.array(z.string()).default([]),
  env: z.array(environment).default([]),
  envFrom: z
    .array(
      z.strictObject({
        prefix: z.string().default(''),
        configMapRef: z
          .strictObject({ name: z.string(), optional: z.boolean().default(false) })
          .exactOptional(),
        secretRef: z
          .strictObject({ name: z.string(), optional: z.boolean().default(false) })
          .exactOptional(),
      }),
    )
    .default([]),
  ports: z
    .array(
      z.strictObject({
        name: z.string().exactOptional(),
        containerPort: z.int(),
        protocol: z.string().exactOptional(),
      }),
    )
    .default([]),
  volumeMounts: z.array(volumeMount).default([]),
  startupProbe: probe.exactOptional(),
  readinessProbe: probe.exactOptional(),
  livenessProbe: probe.exactOptional(),
  imagePullPolicy: z.unknown().exactOptional(),
  resources: z.unknown().exactOptional(),
  securityContext: z.unknown().exactOptional(),
  terminationMessagePath: z.unknown().exactOptional(),
  terminationMessagePolicy: z.unknown().exactOptional(),
});

const items = z
  .array(z.strictObject({ key: z.string(), path: z.string(), mode: z.int().exactOptional() }))
  .exactOptional();
const downwardItems = z
  .array(z.strictObject({ path: z.string(), fieldRef, mode: z.int().exactOptional() }))
  .default([]);

const files = {
  configMap: z
    .strictObject({
      name: z.string(),
      items,
      optional: z.boolean().default(false),
      defaultMode: z.int().exactOptional(),
    })
    .exactOptional(),
  downwardAPI: z
    .strictObject({ items: downwardItems, defaultMode: z.int().exactOptional() })
    .exactOptional(),
};
const secretOptions = {
  items,
  optional: z.boolean().default(false),
  defaultMode: z.int().exactOptional(),
};

const volume = z.strictObject({
  name: z.string(),
  ...files,
  secret: z.strictObject({ secretName: z.string(), ...secretOptions }).exactOptional(),
  projected: z
    .strictObject({
      sources: z.array(
        z.strictObject({
          ...files,
          secret: z.strictObject({ name: z.string(), ...secretOptions }).exactOptional(),
        }),
      ),
      defaultMode: z.int().exactOptional(),
    })
    .exactOptional(),
  emptyDir: z.looseObject({}).exactOptional(),
  persistentVolumeClaim: z
    .strictObject({ claimName: z.string(), readOnly: z.boolean().exactOptional() })
    .exactOptional(),
});

export const podSpecSchema = z.looseObject({
  containers: z.array(container).min(1),
  initContainers: z.array(z.unknown()).max(0, 'local mode runs no init containers').exactOptional(),
  volumes: z.array(volume).default([]),
  restartPolicy: z.literal('Always').default('Always'),
  terminationGracePeriodSeconds: z.number().default(30),
  hostname: z.string().exactOptional(),
  subdomain: z.string().exactOptional(),
  serviceAccountName: z.string().exactOptional(),
});

const containerState = z.looseObject({
  waiting: z
    .looseObject({ reason: z.string(), message: z.string().exactOptional() })
    .exactOptional(),
  running: z.looseObject({ startedAt: z.string() }).exactOptional(),
  terminated: z
    .looseObject({
      exitCode: z.int(),
      signal: z.int().exactOptional(),
      reason: z.string(),
      finishedAt: z.string(),
    })
    .exactOptional(),
});

const podSchema = z.looseObject({
  ...baseSchema,
  spec: podSpecSchema,
  status: z
    .looseObject({
      phase: z.string().exactOptional(),
      podIP: z.string().exactOptional(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z
        .array(
          z.looseObject({
            name: z.string(),
            ready: z.boolean(),
            restartCount: z.int(),
            state: containerState,
            lastState: containerState,
          }),
        )
        .default([]),
    })
    .exactOptional(),
});

export type Pod = z.output<typeof podSchema>;
export type Container = z.output<typeof container>;
export type ContainerState = z.output<typeof containerState>;
export type Environment = z.output<typeof environment>;
export type Probe = z.output<typeof probe>;
export type Volume = z.output<typeof volume>;

export const podKind = resourceKind({ apiVersion: 'v1', kind: 'Pod', plural: 'pods' }, podSchema);

export function isReady(pod: Pod): boolean {
  const conditions = pod.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}
