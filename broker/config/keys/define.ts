/** The words in which the tables of keys are written: type, default, allowed values, documentation. */

import type { Allowed } from '../allowed.ts';
import { anything, oneOf } from '../allowed.ts';
import type { ConfigKey, ConfigType, Fallback } from '../config-key.ts';

export type Definition = Omit<ConfigKey, 'name'>;

/** The largest LONG as text, which is how Kafka writes "no limit". */
export const longMax = '9223372036854775807';
export const intMax = 2 ** 31 - 1;

/** Keys in the order in which they are written. */
export function keysOf(definitions: Readonly<Record<string, Definition>>): readonly ConfigKey[] {
  return Object.entries(definitions).map(([name, definition]) => ({ name, ...definition }));
}

export function bool(value: boolean, documentation: string): Definition {
  return define('BOOLEAN', String(value), anything, documentation);
}

export function int(value: number | null, allowed: Allowed, documentation: string): Definition {
  return define('INT', value === null ? null : String(value), allowed, documentation);
}

export function short(value: number, allowed: Allowed, documentation: string): Definition {
  return define('SHORT', String(value), allowed, documentation);
}

export function long(
  value: number | string | null,
  allowed: Allowed,
  documentation: string,
): Definition {
  return define('LONG', value === null ? null : String(value), allowed, documentation);
}

export function double(
  value: number | string,
  allowed: Allowed,
  documentation: string,
): Definition {
  return define('DOUBLE', String(value), allowed, documentation);
}

export function string(value: string | null, allowed: Allowed, documentation: string): Definition {
  return define('STRING', value, allowed, documentation);
}

export function choice(
  value: string,
  values: readonly string[],
  documentation: string,
): Definition {
  return define('STRING', value, oneOf(...values), documentation);
}

export function list(value: string, allowed: Allowed, documentation: string): Definition {
  return define('LIST', value, allowed, documentation);
}

export function password(documentation: string): Definition {
  return define('PASSWORD', null, anything, documentation);
}

/** May be changed at run time, for all brokers or for one. */
export function clusterWide(definition: Definition): Definition {
  return { ...definition, scope: 'cluster-wide' };
}

/** May be changed at run time, for one broker. */
export function perBroker(definition: Definition): Definition {
  return { ...definition, scope: 'per-broker' };
}

/** Accepted for compatibility, without effect in this broker. */
export function unused(definition: Definition): Definition {
  return { ...definition, effect: false };
}

/** Where the key is not set, the first of these that is set gives the value, times `factor`. */
export function orElse(
  definition: Definition,
  ...others: readonly (readonly [name: string, factor: number])[]
): Definition {
  const fallbacks: readonly Fallback[] = others.map(([name, factor]) => ({ name, factor }));
  return { ...definition, fallbacks };
}

function define(
  type: ConfigType,
  value: string | null,
  allowed: Allowed,
  documentation: string,
): Definition {
  return {
    type,
    default: value,
    allowed,
    documentation,
    scope: 'read-only',
    effect: true,
    fallbacks: [],
  };
}
