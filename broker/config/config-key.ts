/**
 * What the table of configuration keys says about one key. Values are kept as text, as they were
 * given: a LONG of 2^63 - 1 does not fit a number.
 */

import type { Allowed } from './allowed.ts';

/** Types as DescribeConfigs names them. */
export type ConfigType =
  'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

/** How a key may be changed while the broker runs. Cluster-wide keys may be set for one broker too. */
export type ConfigScope = 'read-only' | 'per-broker' | 'cluster-wide';

export interface ConfigKey {
  readonly name: string;
  readonly type: ConfigType;
  /** Null: none; the key then says nothing until it is set. */
  readonly default: string | null;
  readonly allowed: Allowed;
  readonly scope: ConfigScope;
  /** One sentence. */
  readonly documentation: string;
  /** False: accepted for compatibility, and said at start to have no effect. */
  readonly effect: boolean;
  /** Keys that give the value where this one is not set, the first that is set wins. */
  readonly fallbacks: readonly Fallback[];
}

/** Another key, perhaps in another unit: its value times `factor`; negative means unlimited, -1. */
export interface Fallback {
  readonly name: string;
  readonly factor: number;
}

/** A key of a topic: what it says where the topic itself says nothing is up to a key of the broker. */
export interface TopicKey extends ConfigKey {
  /** Null where there is only the default. */
  readonly brokerKey: string | null;
}
