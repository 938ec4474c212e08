/** The Kubernetes objects in the text of a YAML (or JSON) file. */

import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

import type { KubeObject } from '../kube/port.ts';

export interface ManifestDocument {
  /** Such as `KafkaTopic orders`, with the namespace before the name where it is not `default`. */
  readonly id: string;
  readonly object: KubeObject;
}

/** The text is no YAML, or not of Kubernetes objects. The message names line or field. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
    finalizers: z.array(z.string()).exactOptional(),
  }),
});

/** Every object, in its order; empty documents are skipped and Lists are taken apart. */
export function readManifest(text: string): readonly ManifestDocument[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const line = error.linePos?.[0].line;
      const where = line === undefined ? '' : `line ${String(line)}: `;
      throw new ManifestError(`${where}${error.message.split(' at line ')[0] ?? ''}`);
    }
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : objectsOf(value);
  });
}

function objectsOf(value: unknown): readonly ManifestDocument[] {
  const list = z
    .looseObject({ kind: z.literal('List'), items: z.array(z.unknown()) })
    .safeParse(value);
  if (list.success) return list.data.items.flatMap(objectsOf);
  const parsed = objectSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new ManifestError(`${field === '' ? 'document' : field}: ${issue?.message ?? 'wrong'}`);
  }
  const object = parsed.data;
  const { name, namespace = 'default' } = object.metadata;
  const id = `${object.kind} ${namespace === 'default' ? '' : `${namespace}/`}${name}`;
  return [{ id, object }];
}
