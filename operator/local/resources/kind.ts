/** A kind of resource from the schema of what local mode understands of it. */

import { z } from 'zod';

import type { KubeObject, ResourceKind } from '../../kube/port.ts';

const strings = z.record(z.string(), z.string());

const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().default('default'),
  labels: strings.default({}),
  annotations: strings.default({}),
  ownerReferences: z
    .array(
      z.looseObject({
        apiVersion: z.string(),
        kind: z.string(),
        name: z.string(),
        uid: z.string(),
        controller: z.boolean().exactOptional(),
      }),
    )
    .default([]),
  finalizers: z.array(z.string()).default([]),
  uid: z.string().default(''),
  generation: z.number().default(0),
  resourceVersion: z.string().default(''),
  deletionTimestamp: z.string().exactOptional(),
  deletionGracePeriodSeconds: z.number().exactOptional(),
});

export const baseSchema = { apiVersion: z.string(), kind: z.string(), metadata: metadataSchema };

/** Any object at all. */
export const anyObject = z.looseObject(baseSchema);

export function resourceKind<T extends KubeObject>(
  names: { readonly apiVersion: string; readonly kind: string; readonly plural: string },
  schema: z.ZodType<T>,
): ResourceKind<T> {
  return {
    ...names,
    parse(object) {
      const parsed = schema.safeParse(object);
      if (parsed.success) return parsed.data;
      throw new TypeError(firstIssue(parsed.error));
    },
  };
}

/** `spec.containers.0.image: expected string`: where, and what is wrong there. */
function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return error.message;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => `.${key}`) : [];
  const path = `${issue.path.join('.')}${extra.at(0) ?? ''}`;
  const message = extra.length > 0 ? 'local mode does not know this field' : issue.message;
  return `${path}: ${message}`;
}
