/** StatefulSets, as far as local mode's controller runs them. */

import { z } from 'zod';

import { baseSchema, resourceKind } from './kind.ts';
import { podSpecSchema } from './pod.ts';

const strings = z.record(z.string(), z.string());

const claimTemplate = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    labels: strings.default({}),
    annotations: strings.default({}),
  }),
  spec: z.looseObject({}),
});

const retention = z.enum(['Retain', 'Delete']).default('Retain');

const statefulSetSchema = z.looseObject({
  ...baseSchema,
  spec: z.looseObject({
    replicas: z.int().min(0).default(1),
    serviceName: z.string(),
    selector: z.strictObject({ matchLabels: strings }),
    podManagementPolicy: z.enum(['OrderedReady', 'Parallel']).default('OrderedReady'),
    updateStrategy: z.strictObject(
      {
        type: z.literal('OnDelete', 'local mode knows no update strategy but OnDelete'),
      },
      'local mode knows no update strategy but OnDelete',
    ),
    ordinals: z.strictObject({ start: z.int().min(0) }).default({ start: 0 }),
    template: z.looseObject({
      metadata: z.looseObject({ labels: strings.default({}), annotations: strings.default({}) }),
      spec: podSpecSchema,
    }),
    volumeClaimTemplates: z.array(claimTemplate).default([]),
    persistentVolumeClaimRetentionPolicy: z
      .strictObject({ whenDeleted: retention, whenScaled: retention })
      .default({ whenDeleted: 'Retain', whenScaled: 'Retain' }),
  }),
  status: z.looseObject({ currentRevision: z.string().exactOptional() }).exactOptional(),
});

export type StatefulSet = z.output<typeof statefulSetSchema>;

export const statefulSetKind = resourceKind(
  { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' },
  statefulSetSchema,
);
