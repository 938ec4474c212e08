/**
 * What an AlterConfigs or IncrementalAlterConfigs makes of the configuration of a topic or a broker:
 * the new values, checked, or a KafkaError INVALID_CONFIG in the words of Apache Kafka 3.9.
 */

import { brokerKeys } from '../config/broker-keys.ts';
import { configOfLayers } from '../config/broker-config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { ConfigKey } from '../config/config-key.ts';
import type { BrokerLayers, Properties } from '../config/resolve.ts';
import { effectiveText, topicEntry } from '../config/resolve.ts';
import { topicKey, topicKeys } from '../config/topic-keys.ts';
import { listElements, numberOf, valueProblem } from '../config/values.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';

export interface ConfigOperation {
  readonly key: string;
  readonly operation: 'SET' | 'DELETE' | 'APPEND' | 'SUBTRACT';
  /** Null is allowed only with DELETE, where it is not looked at. */
  readonly value: string | null;
}

/** Whose configuration is altered. */
export interface Alteration {
  readonly current: Properties;
  readonly operations: readonly ConfigOperation[];
  readonly layers: BrokerLayers;
}

/** The topic's configuration afterwards. APPEND and SUBTRACT start from the effective list. */
export function alteredTopicConfig(topic: string, alteration: Alteration): Properties {
  const { current, layers, operations } = alteration;
  const altered = apply(alteration, (name) => {
    const key = topicKeys.get(name);
    if (key === undefined) return null;
    return { key, effective: topicEntry(key, current, layers).value ?? '' };
  });
  // What stood there before may come from a tool that checks less: it is not this request's fault.
  const touched = new Map([...altered].filter(([name]) => isSetBy(operations, name)));
  throwFirst(`TOPIC, name='${topic}'`, topicProblems(touched, altered, layers));
  return altered;
}

/** Throws KafkaError INVALID_CONFIG. For CreateTopics: every value is checked. */
export function checkTopicConfig(topic: string, config: Properties, layers: BrokerLayers): void {
  for (const name of config.keys()) if (!topicKeys.has(name)) throw unknownTopicKey(name);
  throwFirst(`TOPIC, name='${topic}'`, topicProblems(config, config, layers));
}

/** As alteredTopicConfig(), for one broker, or all of them where `brokerId` is null. */
export function alteredBrokerConfig(brokerId: number | null, alteration: Alteration): Properties {
  const { layers } = alteration;
  const altered = apply(alteration, (name) => {
    const key = brokerKeys.get(name);
    return {
      key: key ?? null,
      effective: key === undefined ? '' : (effectiveText(key, layers) ?? ''),
    };
  });
  const resource = `BROKER, name='${brokerId === null ? '' : String(brokerId)}'`;
  throwFirst(resource, scopeProblems(brokerId, alteration.operations));
  try {
    configOfLayers({
      ...layers,
      ...(brokerId === null ? { dynamicDefault: altered } : { dynamicBroker: altered }),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throwFirst(resource, error.problems);
  }
  return altered;
}

interface Target {
  /** Null: unknown to this version, kept as it is. */
  readonly key: ConfigKey | null;
  readonly effective: string;
}

/** `find` answers with null for a key that cannot be there. */
function apply(alteration: Alteration, find: (name: string) => Target | null): Properties {
  const { current, operations } = alteration;
  checkForm(operations);
  const altered = new Map(current);
  for (const { key: name, operation, value } of operations) {
    const target = find(name);
    if (target === null) {
      // Whatever stands there may always be taken away.
      if (operation !== 'DELETE') throw unknownTopicKey(name);
      altered.delete(name);
    } else if (operation === 'DELETE') {
      altered.delete(name);
    } else if (operation === 'SET') {
      altered.set(name, (value ?? '').trim());
    } else {
      altered.set(name, changedList(target, { name, operation, value: value ?? '' }));
    }
  }
  return altered;
}

function checkForm(operations: readonly ConfigOperation[]): void {
  const names = operations.map(({ key }) => key);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    throw new KafkaError(
      ErrorCodes.INVALID_REQUEST,
      `Error due to duplicate config keys : ${[...new Set(twice)].join(',')}`,
    );
  }
  const empty = operations.filter(
    ({ operation, value }) => operation !== 'DELETE' && value === null,
  );
  if (empty.length > 0) {
    throw new KafkaError(
      ErrorCodes.INVALID_REQUEST,
      `Null value not supported for : ${empty.map(({ key }) => key).join(',')}`,
    );
  }
}

interface ListChange {
  readonly name: string;
  readonly operation: 'APPEND' | 'SUBTRACT';
  readonly value: string;
}

function changedList(target: Target, { name, operation, value }: ListChange): string {
  if (target.key?.type !== 'LIST') {
    throw new KafkaError(
      ErrorCodes.INVALID_CONFIG,
      `Config value ${operation.toLowerCase()} is not allowed for config key: ${name}`,
    );
  }
  const old = listElements(target.effective);
  const change = listElements(value);
  const changed =
    operation === 'APPEND'
      ? [...new Set([...old, ...change])]
      : old.filter((element) => !change.includes(element));
  return changed.join(',');
}

function isSetBy(operations: readonly ConfigOperation[], name: string): boolean {
  return operations.some(({ key, operation }) => key === name && operation !== 'DELETE');
}

/** `touched` are the values to check by themselves, `own` is all that the topic will say. */
function topicProblems(
  touched: Properties,
  own: Properties,
  layers: BrokerLayers,
): readonly string[] {
  const problems: string[] = [];
  for (const [name, value] of touched) {
    const problem = valueProblem(topicKey(name), value);
    if (problem !== null) problems.push(problem);
  }
  const lag = (name: string): string => topicEntry(topicKey(name), own, layers).value ?? '';
  const least = lag('min.compaction.lag.ms');
  const most = lag('max.compaction.lag.ms');
  const asked = touched.has('min.compaction.lag.ms') || touched.has('max.compaction.lag.ms');
  if (asked && numberOf(least) > numberOf(most)) {
    problems.push(
      `conflict topic config setting min.compaction.lag.ms (${least}) > ` +
        `max.compaction.lag.ms (${most})`,
    );
  }
  return problems;
}

/** Static configuration is not changed here, and that of one broker not for all of them. */
function scopeProblems(
  brokerId: number | null,
  operations: readonly ConfigOperation[],
): readonly string[] {
  const scopeOf = (name: string): string => brokerKeys.get(name)?.scope ?? 'unknown';
  const names = operations.map(({ key }) => key);
  const readOnly = names.filter((name) => scopeOf(name) === 'read-only');
  const onlyOne = names.filter((name) => scopeOf(name) === 'per-broker');
  return [
    ...(readOnly.length === 0
      ? []
      : [`Cannot update these configs dynamically: ${readOnly.join(', ')}`]),
    ...(onlyOne.length === 0 || brokerId !== null
      ? []
      : [
          'Cannot update these configs at default cluster level, broker id must be specified: ' +
            onlyOne.join(', '),
        ]),
  ];
}

function unknownTopicKey(name: string): KafkaError {
  return new KafkaError(ErrorCodes.INVALID_CONFIG, `Unknown topic config name: ${name}`);
}

function throwFirst(resource: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new KafkaError(
    ErrorCodes.INVALID_CONFIG,
    `Invalid config value for resource ConfigResource(type=${resource}): ${problems.join('; ')}`,
  );
}
