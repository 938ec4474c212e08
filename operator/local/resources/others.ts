/** The smaller kinds that local mode's kubelet and controllers read. */

import { z } from 'zod';

import { baseSchema, resourceKind } from './kind.ts';

const strings = z.record(z.string(), z.string());

const configMapSchema = z.looseObject({
  ...baseSchema,
  data: strings.default({}),
  binaryData: strings.default({}),
});
const secretSchema = z.looseObject({ ...baseSchema, data: strings.default({}) });
const claimSchema = z.looseObject({ ...baseSchema, spec: z.looseObject({}) });
const serviceSchema = z.looseObject({
  ...baseSchema,
  spec: z.looseObject({
    clusterIP: z.string().exactOptional(),
    selector: strings.default({}),
    publishNotReadyAddresses: z.boolean().default(false),
    ports: z
      .array(
        z.looseObject({
          name: z.string().exactOptional(),
          port: z.int(),
          targetPort: z.union([z.int(), z.string()]).exactOptional(),
        }),
      )
      .default([]),
  }),
});

export type ConfigMap = z.output<typeof configMapSchema>;
export type Secret = z.output<typeof secretSchema>;
export type Service = z.output<typeof serviceSchema>;
export type Claim = z.output<typeof claimSchema>;

export const configMapKind = resourceKind(
  { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
  configMapSchema,
);
export const secretKind = resourceKind(
  { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
  secretSchema,
);
export const serviceKind = resourceKind(
  { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  serviceSchema,
);
export const claimKind = resourceKind(
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' },
  claimSchema,
);
