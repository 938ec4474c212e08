/** Conditions of a resource's status (KEP-1623). */

import { z } from 'zod';

export const condition = z.strictObject({
  type: z.string().max(60).describe('What the condition is about: Ready, Reconciling or Stalled.'),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(100).describe('Why, in one word for programs.'),
  message: z.string().max(4096).describe('Why, in a sentence for people.'),
  observedGeneration: z.int().min(0).describe('The generation of the spec that this is about.'),
  lastTransitionTime: z
    .string()
    .max(40)
    .describe('When the status last changed.')
    .meta({ format: 'date-time' }),
});

export const conditions = z
  .array(condition)
  .max(10)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export type Condition = Readonly<z.output<typeof condition>>;
