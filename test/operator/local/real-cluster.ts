/** A local cluster of real brokers, from dist/: what `npm test` builds before it starts. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { silentLogger } from '../../../broker/platform/logger.ts';
import type { LocalCluster } from '../../../operator/local/local-cluster.ts';
import { startLocalCluster } from '../../../operator/local/local-cluster.ts';
import { LedgerClient } from './ledger-client.ts';
import { Recorded } from './recorded.ts';
import type { Scratch } from './scratch.ts';
import { scratchFolder } from './scratch.ts';

/** A broker that is killed is missed after its session only, and with it perhaps the controller. */
const quick = { 'group.initial.rebalance.delay.ms': 0, 'zookeeper.session.timeout.ms': 4000 };

const program = resolve('dist/broker/main.js');

export interface RealClusterOptions {
  readonly brokerCount: number;
  /** Null: brokers on the embedded store. */
  readonly zookeeperCommand: readonly string[] | null;
}

export class RealCluster {
  readonly recorded = new Recorded();
  readonly #options: RealClusterOptions;
  readonly #scratch: Scratch = scratchFolder();
  #local: LocalCluster | null = null;

  constructor(options: RealClusterOptions) {
    this.#options = options;
  }

  /** Resolves when the KafkaCluster `demo` and its KafkaTopic `orders` are Ready. */
  async start(): Promise<void> {
    assert(existsSync(program), 'These tests need dist/: npm run build');
    this.apply({});
    writeFileSync(join(this.#scratch.folder, 'topic.yaml'), JSON.stringify(topic));
    this.#local = await startLocalCluster({
      folder: this.#scratch.folder,
      dataFolder: join(this.#scratch.folder, 'data'),
      brokerCommand: [program, 'broker'],
      zookeeperCommand: this.#options.zookeeperCommand,
      onEvent: this.recorded.add,
      logger: silentLogger,
    });
    await this.recorded.ready('KafkaCluster demo');
    await this.recorded.ready('KafkaTopic orders');
  }

  /** Saves the KafkaCluster with `config`; returns the index of the next event. */
  apply(config: Readonly<Record<string, string | number>>): number {
    const { brokerCount, zookeeperCommand } = this.#options;
    const resource = {
      apiVersion: 'odradek.dev/v1beta1',
      kind: 'KafkaCluster',
      metadata: { name: 'demo' },
      spec: {
        broker: { replicas: brokerCount, storage: { size: '1Gi' } },
        zookeeper:
          zookeeperCommand === null
            ? { external: { connect: 'local:' } }
            : { replicas: 1, storage: { size: '1Gi' } },
        config: { ...quick, ...config },
      },
    };
    writeFileSync(join(this.#scratch.folder, 'cluster.yaml'), JSON.stringify(resource));
    return this.recorded.events.length;
  }

  /** The process of a pod: the one that writes to the pod's log. */
  pidOf(pod: string): number {
    const logs = join(this.#scratch.folder, 'data', 'logs');
    const pid = readdirSync('/proc').find((name) => {
      const output = /^\d+$/.test(name) ? linkOf(`/proc/${name}/fd/1`) : '';
      return output.startsWith(logs) && output.includes(`/${pod}/`);
    });
    assert(pid !== undefined, `${pod} has a process`);
    return Number(pid);
  }

  client(): LedgerClient {
    assert(this.#local !== null);
    const bootstrapServers = this.#local.resolve('demo-bootstrap.default.svc:9092');
    const { partitions } = topic.spec;
    return new LedgerClient({ bootstrapServers, topic: 'orders', partitionCount: partitions });
  }

  async stop(): Promise<void> {
    await this.#local?.stop();
    this.#scratch.remove();
  }
}

const topic = {
  apiVersion: 'odradek.dev/v1beta1',
  kind: 'KafkaTopic',
  metadata: { name: 'orders' },
  spec: { clusterRef: { name: 'demo' }, partitions: 3 },
};

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It has ended, or is another user's.
    return '';
  }
}
