/** Schemas of the values that several resources share. Each is bounded, as CRDs demand. */

import { z } from 'zod';

import { durationAllowed, durationPattern, isUnlimited, parseDuration } from './duration.ts';
import { parseQuantity, quantityAllowed } from './quantity.ts';

const intOrString = { 'x-kubernetes-int-or-string': true };

/** A duration, or no limit. */
export const retentionTime = z
  .union([z.int(), z.string().max(20)])
  .refine((value) => parseDuration(value) !== null, durationAllowed)
  .meta({
    ...intOrString,
    description: `How long records are kept: ${durationAllowed}.`,
    'x-kubernetes-validations': [
      {
        rule: `type(self) == int ? self == -1 : self.matches('${durationPattern}')`,
        messageExpression: `'%s is not allowed; allowed: ${durationAllowed}'.format([string(self)])`,
      },
    ],
  });

/** A size, or no limit. */
export const retentionBytes = z
  .union([z.int(), z.string().max(30)])
  .refine((value) => isUnlimited(String(value)) || isWholeSize(value), sizeOrUnlimited())
  .meta({
    ...intOrString,
    description: `How much of each partition is kept: ${sizeOrUnlimited()}.`,
    'x-kubernetes-validations': [
      {
        rule: `string(self) in ['-1', 'unlimited'] || (isQuantity(string(self)) && quantity(string(self)).isInteger() && quantity(string(self)).compareTo(quantity('0')) >= 0)`,
        messageExpression: `'%s is not allowed; allowed: ${sizeOrUnlimited()}'.format([string(self)])`,
      },
    ],
  });

/** The size of a volume. */
export const volumeSize = z
  .union([z.int(), z.string().max(30)])
  .refine((value) => isWholeSize(value) && parseQuantity(value) !== 0, quantityAllowed)
  .meta({
    ...intOrString,
    description: `The size of each volume: ${quantityAllowed}. May grow, never shrink.`,
    'x-kubernetes-validations': [
      {
        rule: `isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('0')) > 0`,
        messageExpression: `'%s is not allowed; allowed: ${quantityAllowed}'.format([string(self)])`,
      },
    ],
  });

/** Configuration in Kafka's own keys; a value is text, or a number that need not be quoted. */
export const kafkaConfig = z
  .record(z.string().max(200), z.union([z.int(), z.string().max(8192)]).meta(intOrString))
  .refine((config) => Object.keys(config).length <= 200, 'at most 200 keys')
  .meta({ maxProperties: 200 });

const quantityByName = z.record(
  z.string().max(100),
  z.union([z.int(), z.string().max(30)]).meta(intOrString),
);

/** Compute resources of a container, by name, as in a pod. */
export const computeResources = z.strictObject({
  requests: quantities('What the scheduler sets aside').exactOptional(),
  limits: quantities('What a container never gets more of').exactOptional(),
});

function quantities(description: string): typeof quantityByName {
  return quantityByName.meta({
    maxProperties: 20,
    description: `${description}, such as {cpu: 500m, memory: 1Gi}.`,
  });
}

function sizeOrUnlimited(): string {
  return `${quantityAllowed}, or unlimited (-1)`;
}

function isWholeSize(value: string | number): boolean {
  const bytes = parseQuantity(value);
  return bytes !== null && Number.isSafeInteger(bytes) && bytes >= 0;
}
