/**
 * Which of several layers a value comes from, as DescribeConfigs reports it. Order: the topic, this
 * broker, all brokers, server.properties and environment, defaults; within a layer a key goes before
 * the older keys that stand in for it (log.retention.ms, .minutes, .hours).
 *
 * Kafka hides synonyms that have another name and reports DEFAULT_CONFIG for `retention.ms` where
 * `log.retention.hours` is set; here they are shown.
 */

import { brokerKey, brokerKeys, isSensitive } from './broker-keys.ts';
import type { ConfigKey, ConfigType, TopicKey } from './config-key.ts';

/** Codes of the protocol. */
export const ConfigSources = {
  UNKNOWN: 0,
  TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
} as const;

export type ConfigSource = Exclude<keyof typeof ConfigSources, 'UNKNOWN'>;

/** Codes of the protocol. */
export const ConfigTypeCodes: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};

export type Properties = ReadonlyMap<string, string>;

/** Configuration of brokers, from the narrowest layer to the widest but for the defaults. */
export interface BrokerLayers {
  /** /config/brokers/N */
  readonly dynamicBroker: Properties;
  /** /config/brokers/<default> */
  readonly dynamicDefault: Properties;
  /** server.properties and environment. */
  readonly static: Properties;
}

export interface ConfigSynonym {
  /** Perhaps another key, in its own unit. */
  readonly name: string;
  /** Null: sensitive. */
  readonly value: string | null;
  readonly source: ConfigSource;
}

/** One row of DescribeConfigs. */
export interface ConfigEntry {
  readonly name: string;
  /** Null: sensitive, or no value at all. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly type: ConfigType | null;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly documentation: string | null;
  /** Every layer that has a value, the effective one first. */
  readonly synonyms: readonly ConfigSynonym[];
}

/** `own` is what the topic itself says. */
export function topicEntry(key: TopicKey, own: Properties, layers: BrokerLayers): ConfigEntry {
  const ownValue = own.get(key.name);
  const ownSynonyms: readonly ConfigSynonym[] =
    ownValue === undefined ? [] : [{ name: key.name, value: ownValue, source: 'TOPIC_CONFIG' }];
  const broker = key.brokerKey === null ? null : brokerKey(key.brokerKey);
  const synonyms = broker === null ? ownSynonyms : [...ownSynonyms, ...synonymsOf(broker, layers)];
  return {
    name: key.name,
    value: ownValue ?? (broker === null ? null : effectiveText(broker, layers)) ?? key.default,
    source: synonyms[0]?.source ?? 'DEFAULT_CONFIG',
    type: key.type,
    readOnly: false,
    sensitive: false,
    documentation: key.documentation,
    synonyms,
  };
}

/** `name` may be a key that nobody knows: it is sensitive then, as plug-ins keep secrets in theirs. */
export function brokerEntry(name: string, layers: BrokerLayers): ConfigEntry {
  const known = brokerKeys.get(name);
  const sensitive = isSensitive(name);
  const key = known ?? unknownKey(name);
  const synonyms = synonymsOf(key, layers);
  return {
    name,
    value: sensitive ? null : effectiveText(key, layers),
    source: synonyms[0]?.source ?? 'DEFAULT_CONFIG',
    type: known?.type ?? null,
    readOnly: key.scope === 'read-only',
    sensitive,
    documentation: known?.documentation ?? null,
    synonyms: sensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
  };
}

/** The value that counts, in the unit of `key`; null if there is none in any layer. */
export function effectiveText(key: ConfigKey, layers: BrokerLayers): string | null {
  const first = synonymsOf(key, layers)[0];
  if (first === undefined || first.value === null) return null;
  const factor = key.fallbacks.find(({ name }) => name === first.name)?.factor ?? 1;
  return factor === 1 ? first.value : scaled(first.value, factor);
}

/** In whole numbers of any size; negative numbers mean "no limit" in every unit. */
function scaled(text: string, factor: number): string {
  const value = BigInt(text.trim().replace(/^\+/, ''));
  return value < 0n ? '-1' : String(value * BigInt(factor));
}

function synonymsOf(key: ConfigKey, layers: BrokerLayers): readonly ConfigSynonym[] {
  const names = [key.name, ...key.fallbacks.map(({ name }) => name)];
  const defaults = new Map<string, string>();
  for (const name of names) {
    const value = name === key.name ? key.default : brokerKey(name).default;
    if (value !== null) defaults.set(name, value);
  }
  const sources: readonly (readonly [ConfigSource, Properties])[] = [
    ['DYNAMIC_BROKER_CONFIG', layers.dynamicBroker],
    ['DYNAMIC_DEFAULT_BROKER_CONFIG', layers.dynamicDefault],
    ['STATIC_BROKER_CONFIG', layers.static],
    ['DEFAULT_CONFIG', defaults],
  ];
  return sources.flatMap(([source, values]) =>
    names.flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [{ name, value, source }];
    }),
  );
}

function unknownKey(name: string): ConfigKey {
  return {
    name,
    type: 'STRING',
    default: null,
    allowed: { description: '', accepts: () => true },
    scope: 'read-only',
    documentation: '',
    effect: false,
    fallbacks: [],
  };
}
