/**
 * From the JSON schema that zod makes to the structural schema that a CRD may hold: no unions (an
 * int-or-string is marked instead), no `additionalProperties` beside `properties`, nothing that the
 * API server does not know. Source: Kubernetes, "Specifying a structural schema".
 */

import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** The structural schema of a zod type as clients write it: what has a default may be left out. */
export function structuralSchema(type: z.ZodType): Json {
  return structural(parsedObject(z.toJSONSchema(type, { io: 'input' })));
}

function structural(schema: Json): Json {
  const kept = Object.entries(schema).filter(([key]) => keptKeys.has(key));
  const own = Object.fromEntries(
    schema['x-kubernetes-int-or-string'] === true ? kept.filter(([key]) => key !== 'type') : kept,
  );
  return { ...own, ...bounds(schema), ...children(schema) };
}

const keptKeys = new Set([
  'type',
  'description',
  'default',
  'enum',
  'pattern',
  'format',
  'required',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

/** zod bounds every integer by 2^53; a CRD says int64 instead where nobody chose a bound. */
function bounds(schema: Json): Json {
  if (schema['type'] !== 'integer') return {};
  const { minimum, maximum } = schema;
  return {
    ...(minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER ? { format: 'int64' } : { maximum }),
  };
}

function children(schema: Json): Json {
  const { properties, additionalProperties, items } = schema;
  const preserved = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...(properties === undefined || preserved
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(parsedObject(properties)).map(([name, each]) => [
              name,
              structural(parsedObject(each)),
            ]),
          ),
        }),
    ...(properties === undefined && additionalProperties !== undefined && !preserved
      ? { additionalProperties: structural(parsedObject(additionalProperties)) }
      : {}),
    ...(items === undefined ? {} : { items: structural(parsedObject(items)) }),
  };
}

function parsedObject(value: unknown): Json {
  return z.record(z.string(), z.unknown()).parse(value);
}
