/**
 * The configuration of a broker, checked and typed. Keys that only stand behind a topic's own
 * (log.retention.ms ...) are read through topic-config.ts instead.
 */

import { brokerKey, brokerKeys, isUnusedName } from './broker-keys.ts';
import { ConfigError } from './config-error.ts';
import { crossProblems } from './cross-checks.ts';
import type { ListenerSettings, ListenerTexts } from './listeners.ts';
import { parseListeners } from './listeners.ts';
import type { BrokerLayers, Properties } from './resolve.ts';
import { effectiveText } from './resolve.ts';
import { SettingReader } from './setting-reader.ts';
import type { ClusterSettings } from './settings/cluster-settings.ts';
import { clusterSettings } from './settings/cluster-settings.ts';
import type { GroupSettings } from './settings/group-settings.ts';
import { groupSettings } from './settings/group-settings.ts';
import type { LogSettings } from './settings/log-settings.ts';
import { logSettings } from './settings/log-settings.ts';
import type { NetworkSettings } from './settings/network-settings.ts';
import { networkSettings } from './settings/network-settings.ts';
import type { ReplicaSettings } from './settings/replica-settings.ts';
import { replicaSettings } from './settings/replica-settings.ts';
import type { ReplicationSettings } from './settings/replication-settings.ts';
import { replicationSettings } from './settings/replication-settings.ts';
import { valueProblem } from './values.ts';

export interface BrokerConfig
  extends
    ClusterSettings,
    ListenerSettings,
    NetworkSettings,
    LogSettings,
    ReplicaSettings,
    ReplicationSettings,
    GroupSettings {
  readonly layers: BrokerLayers;
  /** The effective text of any key of the table; null where there is none. */
  get(key: string): string | null;
}

const none: Properties = new Map();

/** Throws ConfigError with every problem there is. See configurationNotes() for what is only said. */
export function buildBrokerConfig(properties: Properties): BrokerConfig {
  return configOfLayers({ static: properties, dynamicBroker: none, dynamicDefault: none });
}

/** The same with what was changed at run time. Throws ConfigError. */
export function configOfLayers(layers: BrokerLayers): BrokerConfig {
  const read = new SettingReader(layers);
  const problems = valueProblems(layers);
  const listeners = parseListeners(listenerTexts(layers), problems);
  problems.push(...crossProblems(read));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...clusterSettings(read),
    ...listeners,
    ...networkSettings(read),
    ...logSettings(read),
    ...replicaSettings(read),
    ...replicationSettings(read),
    ...groupSettings(read),
    layers,
    get: (key) => effectiveText(brokerKey(key), layers),
  };
}

export interface ConfigurationNotes {
  /** Something that somebody probably did not mean. */
  readonly warnings: readonly string[];
  /** Keys that are known and have no effect. */
  readonly withoutEffect: readonly string[];
}

/** What to say about properties that a broker starts with. */
export function configurationNotes(properties: Properties): ConfigurationNotes {
  const warnings: string[] = [];
  const withoutEffect: string[] = [];
  for (const [name, value] of properties) {
    const key = brokerKeys.get(name);
    if (name === 'authorizer.class.name' && value.trim() !== '') {
      warnings.push(`${name} has no effect in this version: every request is allowed`);
    } else if (name === 'process.roles' && value.trim() !== '') {
      warnings.push(`${name} has no effect: this broker runs with ZooKeeper, not in KRaft mode`);
    } else if (key?.effect === false || (key === undefined && isUnusedName(name))) {
      withoutEffect.push(name);
    } else if (key === undefined) {
      warnings.push(`The configuration ${name} was supplied but is not a known configuration.`);
    }
  }
  return { warnings, withoutEffect };
}

function valueProblems(layers: BrokerLayers): string[] {
  const problems: string[] = [];
  for (const values of [layers.static, layers.dynamicDefault, layers.dynamicBroker]) {
    for (const [name, value] of values) {
      const key = brokerKeys.get(name);
      const problem = key === undefined ? null : valueProblem(key, value);
      if (problem !== null) problems.push(problem);
    }
  }
  return problems;
}

/** Null for what nobody set, and for empty texts: which keys are set decides between old and new ones. */
function listenerTexts(layers: BrokerLayers): ListenerTexts {
  const set = (name: string): string | null => {
    const { dynamicBroker, dynamicDefault, static: own } = layers;
    const text = dynamicBroker.get(name) ?? dynamicDefault.get(name) ?? own.get(name) ?? '';
    return text.trim() === '' ? null : text.trim();
  };
  return {
    listeners: set('listeners'),
    advertisedListeners: set('advertised.listeners'),
    protocolMap:
      set('listener.security.protocol.map') ??
      brokerKey('listener.security.protocol.map').default ??
      '',
    interBrokerListenerName: set('inter.broker.listener.name'),
    securityInterBrokerProtocol: set('security.inter.broker.protocol'),
    hostName: set('host.name'),
    port: set('port'),
    advertisedHostName: set('advertised.host.name'),
    advertisedPort: set('advertised.port'),
  };
}
