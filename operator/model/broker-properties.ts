/**
 * server.properties of a cluster's brokers: the same file for all, what differs between pods comes
 * from the pod (its id) and from its instance file (listeners).
 */

import { brokerKeys } from '../../broker/config/broker-keys.ts';
import type { KafkaClusterSpec, ListenerSpec } from '../api/kafka-cluster.ts';
import type { Problem } from '../api/problem.ts';
import { configValueProblem } from './allowed-value.ts';
import { brokerKeyProblem } from './owned-keys.ts';
import { replicaCountProblem, replicationProperties } from './replication-properties.ts';
import { retentionBytesValue, retentionMsValue } from './retention-values.ts';

export type Properties = ReadonlyMap<string, string>;

export const dataFolder = '/var/lib/odradek';
export const httpPort = 9404;
export const replicationListener = { name: 'replication', port: 9091 } as const;

/** A listener's name as Kafka knows it. */
export function kafkaListenerName(name: string): string {
  return name.toUpperCase();
}

/** Keys of spec.config that may not be there, or not with this value. */
export function configProblems(spec: KafkaClusterSpec): readonly Problem[] {
  return Object.entries(spec.config ?? {}).flatMap(([key, given]) => {
    const value = String(given);
    const owned = brokerKeyProblem(key, value);
    if (owned !== null) return [owned];
    const known = brokerKeys.get(key);
    const invalid =
      (known === undefined ? null : configValueProblem(known, value)) ??
      replicaCountProblem(key, value, spec.broker.replicas);
    return invalid === null ? [] : [invalid];
  });
}

export interface BrokerSurroundings {
  readonly zookeeperConnect: string;
  /** Of the Service of all brokers. */
  readonly serviceHost: string;
}

/** In the order in which they are written: the operator's, then the user's by name. */
export function brokerProperties(
  spec: KafkaClusterSpec,
  { zookeeperConnect, serviceHost }: BrokerSurroundings,
): Properties {
  const listeners = [replicationListener, ...spec.listeners];
  const user = Object.entries(spec.config ?? {})
    .map(([key, value]): [string, string] => [key, String(value)])
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map([
    ['zookeeper.connect', zookeeperConnect],
    ['listeners', listeners.map((each) => addressAt('0.0.0.0', each)).join(',')],
    // Only until the instance file says where this very broker is; 0.0.0.0 would be refused.
    ['advertised.listeners', listeners.map((each) => addressAt(serviceHost, each)).join(',')],
    ['listener.security.protocol.map', listeners.map(protocolOf).join(',')],
    ['inter.broker.listener.name', kafkaListenerName(replicationListener.name)],
    ['log.dirs', `${dataFolder}/data`],
    ['odradek.http.host', '0.0.0.0'],
    ['odradek.http.port', String(httpPort)],
    ...replicationProperties(spec.broker.replicas),
    ...retentionProperties(spec),
    ...user,
  ]);
}

/**
 * What of it only a restart brings into force. Today that is everything: nobody hands a new value to
 * a running broker yet, and a key that were left out here would change in the file and nowhere else.
 */
export function restartProperties(properties: Properties): Readonly<Record<string, string>> {
  return Object.fromEntries(properties);
}

/** In the syntax of java.util.Properties. */
export function renderProperties(properties: Properties): string {
  const lines = [...properties].map(
    ([key, value]) => `${escaped(key, /[=: ]/g)}=${escapedValue(value)}`,
  );
  return `# Written by the Odradek operator from a KafkaCluster.\n${lines.join('\n')}\n`;
}

function addressAt(host: string, { name, port }: Pick<ListenerSpec, 'name' | 'port'>): string {
  return `${kafkaListenerName(name)}://${host}:${String(port)}`;
}

function protocolOf({ name }: Pick<ListenerSpec, 'name'>): string {
  return `${kafkaListenerName(name)}:PLAINTEXT`;
}

function retentionProperties(spec: KafkaClusterSpec): readonly (readonly [string, string])[] {
  const { time, bytes } = spec.retention?.default ?? {};
  return [
    ...(time === undefined ? [] : [['log.retention.ms', retentionMsValue(time)] as const]),
    ...(bytes === undefined ? [] : [['log.retention.bytes', retentionBytesValue(bytes)] as const]),
  ];
}

function escapedValue(value: string): string {
  return escaped(value, /^ /g);
}

function escaped(text: string, alsoEscaped: RegExp): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(alsoEscaped, (character) => `\\${character}`)
    .replaceAll(/[^\x20-\x7e]/g, (character) => {
      const unit = character.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${unit}`;
    });
}
