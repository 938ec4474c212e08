/**
 * What local mode accepts: custom resources by the schema and rules of operator/api, as an API server
 * with our CRDs would; StatefulSets, pods and Services only as far as local mode can run them.
 */

import { z } from 'zod';

import { admit } from '../../api/parse.ts';
import { problemsText } from '../../api/problem.ts';
import type { KubeObject, ResourceKind } from '../../kube/port.ts';
import type { JsonObject } from '../json.ts';
import { toJsonObject } from '../json.ts';
import { anyObject } from '../resources/kind.ts';
import { configMapKind, secretKind, serviceKind } from '../resources/others.ts';
import { podKind } from '../resources/pod.ts';
import { statefulSetKind } from '../resources/stateful-set.ts';
import { invalid } from './admission.ts';

const checkedKinds: readonly ResourceKind[] = [
  configMapKind,
  podKind,
  secretKind,
  serviceKind,
  statefulSetKind,
];

export function localAdmission(object: JsonObject, previous: JsonObject | null): JsonObject {
  const admitted = admit(kubeObject(object), previous === null ? null : kubeObject(previous));
  if (!admitted.ok) throw invalid(problemsText(admitted.problems));
  const kind = checkedKinds.find(
    (each) => each.apiVersion === object['apiVersion'] && each.kind === object['kind'],
  );
  checkParses(kind, object);
  return { ...object, ...withoutMetadata(toJsonObject(admitted.value)) };
}

function checkParses(kind: ResourceKind | undefined, object: JsonObject): void {
  try {
    kind?.parse(object);
  } catch (error) {
    if (error instanceof TypeError) throw invalid(error.message, error);
    throw error;
  }
}

/** The metadata is the store's; only the rest can have got defaults. */
function withoutMetadata(object: JsonObject): JsonObject {
  const { spec, status } = object;
  return { ...(spec === undefined ? {} : { spec }), ...(status === undefined ? {} : { status }) };
}

function kubeObject(object: JsonObject): KubeObject {
  const parsed = anyObject.safeParse(object);
  if (parsed.success) return parsed.data;
  throw invalid(z.prettifyError(parsed.error));
}
