#!/usr/bin/env -S sh -c 'UV_THREADPOOL_SIZE=${UV_THREADPOOL_SIZE:-16} exec node --max-semi-space-size=2 "$0" "$@"'
/**
 * `odradek broker [--dev] [server.properties] [--override key=value]...`: configuration from the
 * file, the environment (KAFKA_*) and the arguments, later ones winning; signals; exit codes: 0 after
 * SIGTERM or SIGINT, 1 where the broker could not start or go on, 2 for wrong usage.
 *
 * `odradek move-store`: see move-store-command.ts; exit codes 0, 1 where it cannot be done, and 2.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from './broker.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { buildBrokerConfig, configurationNotes } from './config/broker-config.ts';
import { ConfigError } from './config/config-error.ts';
import { effectiveConfiguration } from './config/effective-configuration.ts';
import type {
  CommandResults,
  EnvironmentCommands,
  EnvironmentProperties,
} from './config/environment.ts';
import { environmentCommands, environmentToProperties } from './config/environment.ts';
import { parseServerProperties } from './config/properties-file.ts';
import type { Properties } from './config/resolve.ts';
import { MOVE_STORE_USAGE, parseMoveStore, runMoveStore } from './move-store-command.ts';
import { systemClock } from './platform/clock.ts';
import { serveHttp } from './platform/http-server.ts';
import { isResident, libcAvailable, sendfile } from './platform/libc.ts';
import type { Logger } from './platform/logger.ts';
import { systemLogger } from './platform/logger.ts';
import { NodeFileSystem } from './platform/node-file-system.ts';
import { nodeSockets } from './platform/node-sockets.ts';
import { NodeWorkers } from './platform/node-workers.ts';
import { systemRandom } from './platform/random.ts';
import { systemTimers } from './platform/timers.ts';

const USAGE = `Usage: odradek broker [--dev] [server.properties] [--override key=value]...
       ${MOVE_STORE_USAGE}

  --dev       one broker on localhost:9092 with its own small ZooKeeper in it; nothing else is needed
  --override  a configuration key; wins over file and environment
  move-store  takes what a broker with zookeeper.connect=local: (as --dev) knows to a real ZooKeeper

Environment: KAFKA_LOG_DIRS is log.dirs, and so on; LOG_LEVEL is debug, info, warn or error.`;

const LOG_LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error']);

/** Compiled: a thread cannot be started from TypeScript. */
const WORKER_ENTRY = new URL('./worker-main.js', import.meta.url);

/** SIGTERM has to end within this, whatever hangs. */
const STOP_TIMEOUT_MS = 9500;

interface Arguments {
  readonly isDev: boolean;
  readonly file: string | null;
  readonly overrides: Properties;
}

/** Null: the arguments make no sense. */
function parseArguments(args: readonly string[]): Arguments | null {
  const [command, ...rest] = args;
  if (command !== 'broker') return null;
  const overrides = new Map<string, string>();
  let isDev = false;
  let file: string | null = null;
  while (rest.length > 0) {
    const argument = rest.shift() ?? '';
    if (argument === '--dev') isDev = true;
    else if (argument === '--override') {
      const [, key = '', value = ''] = /^([^=]+)=([^]*)$/.exec(rest.shift() ?? '') ?? [];
      if (key === '') return null;
      overrides.set(key, value);
    } else if (argument.startsWith('-') || file !== null) return null;
    else file = argument;
  }
  return { isDev, file, overrides };
}

function devProperties(): Properties {
  return new Map([
    ['broker.id', '0'],
    ['zookeeper.connect', 'local:'],
    ['listeners', 'PLAINTEXT://localhost:9092'],
    ['log.dirs', join(tmpdir(), 'odradek-dev')],
    ['offsets.topic.replication.factor', '1'],
    ['group.initial.rebalance.delay.ms', '0'],
    ['odradek.http.port', ''],
  ]);
}

/** As the environment names them. */
const COMMAND_VARIABLES: Readonly<Record<string, string>> = {
  hostname: 'HOSTNAME_COMMAND',
  port: 'PORT_COMMAND',
  brokerId: 'BROKER_ID_COMMAND',
  rack: 'RACK_COMMAND',
};

/** Throws ConfigError, which names `variable`. What the command says on standard error is passed on. */
function run(variable: string, command: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim();
  } catch (error) {
    throw new ConfigError([`The command of ${variable} failed: ${endOf(error)}`]);
  }
}

/** Throws ConfigError. */
function runScript(script: string): void {
  try {
    execFileSync('/bin/sh', ['-c', script], { stdio: 'inherit' });
  } catch (error) {
    throw new ConfigError([`CUSTOM_INIT_SCRIPT failed: ${endOf(error)}`]);
  }
}

/** How a command ended, without its text: it may hold secrets. */
function endOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be run';
  if ('signal' in error && typeof error.signal === 'string') return `signal ${error.signal}`;
  if ('status' in error && typeof error.status === 'number') {
    return `exit code ${String(error.status)}`;
  }
  return 'code' in error ? String(error.code) : 'it could not be run';
}

function evaluate(commands: EnvironmentCommands): CommandResults {
  const results: Record<string, string> = {};
  for (const [name, command] of Object.entries<string>({ ...commands })) {
    results[name] = run(COMMAND_VARIABLES[name] ?? name, command);
  }
  return results;
}

function readEnvironment(logger: Logger): EnvironmentProperties {
  const commands = evaluate(environmentCommands(process.env));
  const environment = environmentToProperties(process.env, commands);
  if (environment.problems.length > 0) throw new ConfigError(environment.problems);
  for (const warning of environment.warnings) logger.warn({}, warning);
  for (const note of environment.notes) logger.info({}, note);
  const { withoutEffect, initScript } = environment;
  if (withoutEffect.length > 0) logger.info({ withoutEffect }, 'variables without effect here');
  if (initScript !== null) runScript(initScript);
  return environment;
}

/** Throws ConfigError. */
function readPropertiesFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    throw new ConfigError([`The configuration file ${file} cannot be read: ${reason}`]);
  }
}

function readProperties({ isDev, file, overrides }: Arguments, env: Properties): Properties {
  const fromFile = file === null ? new Map() : parseServerProperties(readPropertiesFile(file));
  const base = isDev ? devProperties() : new Map<string, string>();
  return new Map([...base, ...fromFile, ...env, ...overrides]);
}

function describe(config: BrokerConfig, properties: Properties, logger: Logger): void {
  const { warnings, withoutEffect } = configurationNotes(properties);
  for (const warning of warnings) logger.warn({}, warning);
  if (withoutEffect.length > 0) {
    logger.info({ withoutEffect }, 'configuration that is accepted and has no effect here');
  }
  logger.info({ configuration: effectiveConfiguration(config) }, 'effective configuration');
}

function makeBroker(args: Arguments, logger: Logger, onFatal: (error: unknown) => void): Broker {
  const environment = readEnvironment(logger);
  const properties = readProperties(args, environment.properties);
  const config = buildBrokerConfig(properties);
  describe(config, properties, logger);
  return new Broker({
    config,
    properties,
    createTopics: environment.createTopics,
    processMetrics: true,
    onFatal,
    platform: {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      fileSystem: new NodeFileSystem({ clock: systemClock }),
      sockets: nodeSockets,
      serveHttp,
      logger,
      workers: new NodeWorkers({ entry: WORKER_ENTRY, timers: systemTimers, logger }),
      sendfile: libcAvailable() ? sendfile : null,
      isResident,
      hostName: hostname(),
    },
  });
}

function fail(logger: Logger, error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) logger.error({}, problem);
  } else {
    logger.error({ err: error }, error instanceof Error ? error.message : 'the broker failed');
  }
}

function failUsage(): never {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

async function mainOfMoveStore(args: readonly string[]): Promise<never> {
  const fileSystem = new NodeFileSystem({ clock: systemClock });
  const platform = { fileSystem, timers: systemTimers, logger: systemLogger('warn') };
  try {
    const report = await runMoveStore(parseMoveStore(args) ?? failUsage(), platform);
    process.stdout.write(report);
    process.exit(0);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [messageOf(error)];
    process.stderr.write(`${problems.join('\n')}\n`);
    process.exit(1);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason';
}

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2);
  if (command === 'move-store') await mainOfMoveStore(rest);
  const args = parseArguments(process.argv.slice(2)) ?? failUsage();
  const level = process.env['LOG_LEVEL'] ?? 'info';
  const logger = systemLogger(LOG_LEVELS.has(level) ? level : 'info');
  if (!LOG_LEVELS.has(level)) {
    const allowed = [...LOG_LEVELS].join(', ');
    logger.error({}, `Invalid value ${level} of LOG_LEVEL: Value must be one of ${allowed}`);
    process.exit(1);
  }
  let broker: Broker | null = null;
  const ending = new AbortController();
  const end = async (exitCode: number): Promise<never> => {
    ending.abort();
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    try {
      await broker?.stop();
    } catch (error) {
      fail(logger, error);
      process.exit(1);
    }
    process.exit(exitCode);
  };
  const onFatal = (error: unknown): void => {
    fail(logger, error);
    void end(1);
  };
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);
  try {
    broker = makeBroker(args, logger, onFatal);
    await broker.start();
  } catch (error) {
    // A start that a signal has ended is no failure.
    if (ending.signal.aborted) return;
    fail(logger, error);
    await end(1);
  }
}

await main();
