/**
 * The environment of a container as configuration: the conventions of the wurstmeister, apache and
 * bitnami images in one mapping. `KAFKA_NUM_PARTITIONS` and `KAFKA_CFG_NUM_PARTITIONS` are
 * num.partitions; `___` is a dash and `__` an underscore.
 *
 * Pure: what the environment asks to be run by a shell is returned by environmentCommands(), run by
 * the caller, and comes back as `results`.
 */

import type { TopicToCreate } from './create-topics.ts';
import { parseCreateTopics } from './create-topics.ts';
import { isReserved, isServiceLink } from './environment-names.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Shell commands whose output is a value; undefined where there is none to run. */
export interface EnvironmentCommands {
  readonly hostname?: string;
  readonly port?: string;
  readonly brokerId?: string;
  readonly rack?: string;
}

/** What the commands wrote, under the same names. */
export type CommandResults = EnvironmentCommands;

export interface EnvironmentProperties {
  readonly properties: ReadonlyMap<string, string>;
  readonly createTopics: readonly TopicToCreate[];
  /** Each a whole line; the start stops with these. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What was derived from something else. */
  readonly notes: readonly string[];
  /** Variables of a JVM or of another image, without effect here. */
  readonly withoutEffect: readonly string[];
  /** A shell script to run before the start; null: none. */
  readonly initScript: string | null;
}

/** Id and rack are asked for only where they are not given. */
export function environmentCommands(env: Environment): EnvironmentCommands {
  const command = (name: string, unless?: string): string | undefined => {
    const given = unless !== undefined && isGiven(env, unless);
    return given || env[name] === '' ? undefined : env[name];
  };
  const hostname = command('HOSTNAME_COMMAND');
  const port = command('PORT_COMMAND');
  const brokerId = command('BROKER_ID_COMMAND', 'BROKER_ID');
  const rack = command('RACK_COMMAND', 'BROKER_RACK');
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
    ...(brokerId === undefined ? {} : { brokerId }),
    ...(rack === undefined ? {} : { rack }),
  };
}

export function environmentToProperties(
  env: Environment,
  results: CommandResults = {},
): EnvironmentProperties {
  const mapped = mapVariables(env, results);
  const { properties, notes } = mapped;
  applyCommandResults(properties, results);
  deriveListeners(properties, notes);
  const created = parseCreateTopics(
    env['KAFKA_CREATE_TOPICS'] ?? '',
    env['KAFKA_CREATE_TOPICS_SEPARATOR'],
  );
  const script = env['CUSTOM_INIT_SCRIPT'] ?? '';
  return {
    ...mapped,
    createTopics: created.topics,
    problems: created.problems,
    initScript: script === '' ? null : script,
  };
}

interface Mapped {
  readonly properties: Map<string, string>;
  readonly warnings: string[];
  readonly notes: string[];
  readonly withoutEffect: string[];
}

function mapVariables(env: Environment, results: CommandResults): Mapped {
  const properties = new Map<string, string>();
  const plain = new Map<string, string>();
  const mapped: Mapped = { properties, warnings: [], notes: [], withoutEffect: [] };
  for (const [variable, given] of Object.entries(env)) {
    if (given === undefined || !variable.startsWith('KAFKA_')) continue;
    if (isReserved(variable)) {
      if (!variable.startsWith('KAFKA_CREATE_TOPICS')) mapped.withoutEffect.push(variable);
    } else if (isServiceLink(variable, given)) {
      mapped.withoutEffect.push(variable);
    } else {
      const value = substituted(given, results);
      const cfg = variable.startsWith('KAFKA_CFG_');
      const target = cfg ? properties : plain;
      target.set(propertyName(variable.slice(cfg ? 'KAFKA_CFG_'.length : 'KAFKA_'.length)), value);
    }
  }
  for (const [name, value] of plain) {
    const winner = properties.get(name);
    if (winner === undefined) properties.set(name, value);
    else if (winner !== value) {
      mapped.warnings.push(
        `${name} is given by KAFKA_CFG_ and by KAFKA_ with different values; KAFKA_CFG_ wins`,
      );
    }
  }
  return mapped;
}

/** `LISTENER_NAME_A___B_X__Y` is listener.name.a-b.x_y. */
function propertyName(rest: string): string {
  return rest
    .toLowerCase()
    .replace(/___|__|_/g, (run) => (run.length === 3 ? '-' : run.length === 2 ? '_' : '.'));
}

function substituted(value: string, results: CommandResults): string {
  return value
    .replaceAll('_{HOSTNAME_COMMAND}', results.hostname ?? '_{HOSTNAME_COMMAND}')
    .replaceAll('_{PORT_COMMAND}', results.port ?? '_{PORT_COMMAND}');
}

function isGiven(env: Environment, rest: string): boolean {
  return env[`KAFKA_${rest}`] !== undefined || env[`KAFKA_CFG_${rest}`] !== undefined;
}

function applyCommandResults(properties: Map<string, string>, results: CommandResults): void {
  const { brokerId, rack, hostname } = results;
  if (brokerId !== undefined && !properties.has('broker.id')) properties.set('broker.id', brokerId);
  if (rack !== undefined && !properties.has('broker.rack')) properties.set('broker.rack', rack);
  const addressed = ['listeners', 'advertised.listeners', 'advertised.host.name'];
  if (hostname !== undefined && !addressed.some((name) => properties.has(name))) {
    properties.set('advertised.host.name', hostname);
  }
}

/** As the apache image does: listen on every interface, with the ports that are advertised. */
function deriveListeners(properties: Map<string, string>, notes: string[]): void {
  const advertised = properties.get('advertised.listeners') ?? '';
  if (advertised.trim() === '' || properties.has('listeners')) return;
  const listeners = advertised.replace(/:\/\/(?:\[[^\]]*\]|[^:,]*)(?=:\d)/g, '://0.0.0.0');
  properties.set('listeners', listeners);
  notes.push(`listeners is not set: derived from advertised.listeners as ${listeners}`);
}
