/**
 * A whole broker in this process: real sockets on loopback, port 0; files in memory unless a folder
 * is given, and then sendfile too; the embedded store unless a cluster is given.
 */

import assert from 'node:assert/strict';
import { afterEach } from '@jest/globals';
import { Broker } from '../../broker/broker.ts';
import { BrokerConnection } from '../../broker/client/broker-connection.ts';
import type { ClusterConnection } from '../../broker/cluster-connection.ts';
import { buildBrokerConfig } from '../../broker/config/broker-config.ts';
import type { TopicToCreate } from '../../broker/config/create-topics.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import type { FileSystem } from '../../broker/platform/file-system.ts';
import { serveHttp } from '../../broker/platform/http-server.ts';
import { isResident, sendfile } from '../../broker/platform/libc.ts';
import { NodeFileSystem } from '../../broker/platform/node-file-system.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import type { Platform } from '../../broker/platform/platform.ts';
import { systemRandom } from '../../broker/platform/random.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import type { Quota } from '../../broker/quota/quota.ts';
import type { Authorizer } from '../../broker/security/authorizer.ts';
import { CollectingLogger } from './collecting-logger.ts';
import { RawClient } from './raw-client.ts';
import { InlineWorkers } from './sim/inline-workers.ts';
import { MemoryFileSystem } from './sim/memory-file-system.ts';

export interface TestBrokerOptions {
  /** Beside the defaults of this file. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly cluster?: ClusterConnection;
  readonly authorizer?: Authorizer;
  readonly quota?: Quota;
  readonly createTopics?: readonly TopicToCreate[];
  /** A folder on disk for log.dirs; files are in memory without it. */
  readonly folder?: string;
  /** Of a broker before, to start again on what it left. */
  readonly fileSystem?: FileSystem;
}

const defaults = {
  'broker.id': '0',
  'zookeeper.connect': 'local:',
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '2',
  'offsets.topic.replication.factor': '1',
  'group.initial.rebalance.delay.ms': '0',
  'odradek.http.port': '',
};

export class TestBroker {
  readonly broker: Broker;
  readonly log: CollectingLogger;
  readonly fileSystem: FileSystem;
  /** Errors after which the broker cannot go on. */
  readonly fatal: readonly unknown[];
  readonly #connections: { close(): void }[] = [];

  private constructor(parts: Pick<TestBroker, 'broker' | 'log' | 'fileSystem' | 'fatal'>) {
    this.broker = parts.broker;
    this.log = parts.log;
    this.fileSystem = parts.fileSystem;
    this.fatal = parts.fatal;
  }

  /** Not started: for tests of the start. */
  static make(options: TestBrokerOptions = {}): TestBroker {
    const { folder, cluster, authorizer, quota } = options;
    const log = new CollectingLogger();
    const fileSystem = options.fileSystem ?? fileSystemFor(folder);
    const places = folder === undefined ? {} : { 'log.dirs': folder };
    const properties = new Map(Object.entries({ ...defaults, ...places, ...options.properties }));
    const fatal: unknown[] = [];
    const broker = new Broker({
      config: buildBrokerConfig(properties),
      properties,
      createTopics: options.createTopics ?? [],
      platform: platformOf({ fileSystem, log, hasSendfile: folder !== undefined }),
      processMetrics: false,
      onFatal: (error) => fatal.push(error),
      ...(cluster === undefined ? {} : { cluster }),
      ...(authorizer === undefined ? {} : { authorizer }),
      ...(quota === undefined ? {} : { quota }),
    });
    return new TestBroker({ broker, log, fileSystem, fatal });
  }

  get port(): number {
    const port = this.broker.ports.get('PLAINTEXT');
    assert(port !== undefined, 'the broker listens');
    return port;
  }

  async connect(clientId = 'test'): Promise<BrokerConnection> {
    const connection = await BrokerConnection.open({
      host: '127.0.0.1',
      port: this.port,
      clientId,
      sockets: nodeSockets,
      timers: systemTimers,
      connectTimeoutMs: 5000,
      requestTimeoutMs: 30_000,
    });
    this.#connections.push(connection);
    return connection;
  }

  async raw(): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    this.#connections.push(client);
    return client;
  }

  /** Also ends the connections made here. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.broker.stop();
  }
}

/** Starts brokers that are stopped after each test. */
export function testBrokers(): (options?: TestBrokerOptions) => Promise<TestBroker> {
  const started: TestBroker[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((broker) => broker.stop()));
  });
  return async (options) => {
    const broker = TestBroker.make(options);
    started.push(broker);
    await broker.broker.start();
    return broker;
  };
}

function fileSystemFor(folder: string | undefined): FileSystem {
  if (folder === undefined) return new MemoryFileSystem(systemClock);
  return new NodeFileSystem({ clock: systemClock });
}

function platformOf(parts: {
  readonly fileSystem: FileSystem;
  readonly log: CollectingLogger;
  readonly hasSendfile: boolean;
}): Platform {
  return {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    fileSystem: parts.fileSystem,
    sockets: nodeSockets,
    serveHttp,
    logger: parts.log,
    workers: new InlineWorkers({
      fileSystem: parts.fileSystem,
      clock: systemClock,
      logger: parts.log,
    }),
    sendfile: parts.hasSendfile ? sendfile : null,
    isResident,
    hostName: 'localhost',
  };
}
