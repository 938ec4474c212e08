/**
 * From an untyped object to a KafkaCluster or KafkaTopic with its defaults, or to what is wrong with
 * it. `admit` says what an API server with our CRDs would say to a write.
 */

import type { z } from 'zod';

import type { KafkaCluster } from './kafka-cluster.ts';
import { kafkaClusterSchema } from './kafka-cluster.ts';
import { kafkaClusterRules } from './kafka-cluster-rules.ts';
import type { KafkaTopic } from './kafka-topic.ts';
import { kafkaTopicSchema } from './kafka-topic.ts';
import { kafkaTopicRules } from './kafka-topic-rules.ts';
import type { KubeObject } from './object.ts';
import type { Problem } from './problem.ts';
import { problemsOf } from './problem.ts';
import type { Rule } from './rule.ts';

export const apiVersion = 'odradek.dev/v1beta1';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Whether the cluster may stand as it is, whatever stood there before. */
export function parseKafkaCluster(object: KubeObject): Parsed<KafkaCluster> {
  return checked(object, null, kafkaClusterSchema.spec, kafkaClusterRules);
}

export function parseKafkaTopic(object: KubeObject): Parsed<KafkaTopic> {
  return checked(object, null, kafkaTopicSchema.spec, kafkaTopicRules);
}

/**
 * Whether `object` may be written where `before` stands: schema, rules and rules of change. The
 * answer is the object with its defaults filled in. Kinds of others are let through as they are.
 */
export function admit(object: KubeObject, before: KubeObject | null): Parsed<KubeObject> {
  if (object.apiVersion !== apiVersion) return { ok: true, value: object };
  switch (object.kind) {
    case 'KafkaCluster':
      return admitted(object, before, kafkaClusterSchema, kafkaClusterRules);
    case 'KafkaTopic':
      return admitted(object, before, kafkaTopicSchema, kafkaTopicRules);
    default:
      return { ok: true, value: object };
  }
}

interface Schemas<S> {
  readonly spec: z.ZodType<S>;
  readonly status: z.ZodType;
}

interface Checked<S> {
  readonly metadata: { readonly name: string };
  readonly spec: S;
}

function admitted<S>(
  object: KubeObject,
  before: KubeObject | null,
  schemas: Schemas<S>,
  rules: readonly Rule<Checked<S>>[],
): Parsed<KubeObject> {
  const parsed = checked(object, before, schemas.spec, rules);
  const status = schemas.status.optional().safeParse(object.status);
  const statusProblems = status.success ? [] : problemsOf(status.error, object.status, 'status');
  if (!parsed.ok) return { ok: false, problems: [...parsed.problems, ...statusProblems] };
  if (statusProblems.length > 0) return { ok: false, problems: statusProblems };
  return { ok: true, value: { ...object, spec: parsed.value.spec } };
}

function checked<S>(
  object: KubeObject,
  before: KubeObject | null,
  schema: z.ZodType<S>,
  rules: readonly Rule<Checked<S>>[],
): Parsed<Checked<S>> {
  const parsed = schema.safeParse(object.spec);
  if (!parsed.success) {
    return { ok: false, problems: problemsOf(parsed.error, object.spec, 'spec') };
  }
  // A previous state that the schema of today refuses has nothing to hold against the new one.
  const specBefore = before === null ? undefined : schema.safeParse(before.spec).data;
  const now = { metadata: object.metadata, spec: parsed.data };
  const then =
    before === null || specBefore === undefined
      ? null
      : { metadata: before.metadata, spec: specBefore };
  const problems = rules.flatMap((rule) => rule.problem(now, then) ?? []);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: now };
}
