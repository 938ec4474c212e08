/** The environment of a container by the rules of Kubernetes: envFrom, then env, then $(NAME). */

import type { Container, Environment, Pod } from '../resources/pod.ts';
import { podField } from './pod-fields.ts';
import type { DataSource } from './data-source.ts';

/** Throws a MissingData if a ConfigMap, Secret or key that is not optional does not exist. */
export function environmentOf(
  container: Container,
  context: { readonly pod: Pod; readonly podAddress: string; readonly data: DataSource },
): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    const entries = [
      ...(configMapRef === undefined ? [] : context.data.all('ConfigMap', configMapRef)),
      ...(secretRef === undefined ? [] : context.data.all('Secret', secretRef)),
    ];
    for (const [key, value] of entries) result.set(`${prefix}${key}`, value.toString('utf8'));
  }
  for (const entry of container.env) {
    const value = valueOf(entry, context);
    if (value !== null) result.set(entry.name, expanded(value, result));
  }
  return result;
}

/** `$(NAME)` by what is defined so far, `$$` for a dollar; what is not defined stays as it stands. */
export function expanded(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return name === undefined ? whole : (known.get(name) ?? whole);
  });
}

function valueOf(
  { value, valueFrom }: Environment,
  context: { readonly pod: Pod; readonly podAddress: string; readonly data: DataSource },
): string | null {
  if (valueFrom === undefined) return value ?? '';
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef !== undefined) return podField(context.pod, fieldRef.fieldPath, context.podAddress);
  if (configMapKeyRef !== undefined) {
    return context.data.one('ConfigMap', configMapKeyRef)?.toString('utf8') ?? null;
  }
  if (secretKeyRef !== undefined) {
    return context.data.one('Secret', secretKeyRef)?.toString('utf8') ?? null;
  }
  return '';
}
