/** One broker id with its folder and address, on which one program runs after the other. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess } from '../../support/server-process.ts';
import { apache, ours } from '../support/broker-under-test.ts';
import { freePort } from '../support/free-port.ts';
import { exitCodeOf } from '../takeover/source.ts';
import type { Program } from './program.ts';

export interface MemberOptions {
  readonly id: number;
  /** Its files go below it. */
  readonly folder: string;
  readonly zookeeperConnect: string;
}

export class Member {
  readonly id: number;
  readonly address: string;
  readonly logDir: string;
  readonly #options: MemberOptions;
  readonly #httpPort: number;
  #running: { readonly program: Program; readonly server: ServerProcess } | null = null;
  #log = '';

  private constructor(
    options: MemberOptions,
    ports: { readonly own: number; readonly http: number },
  ) {
    this.id = options.id;
    this.address = `127.0.0.1:${String(ports.own)}`;
    this.logDir = join(options.folder, 'logs');
    this.#options = options;
    this.#httpPort = ports.http;
  }

  /** Does not start anything. */
  static async create(options: MemberOptions): Promise<Member> {
    await mkdir(options.folder, { recursive: true });
    return new Member(options, { own: await freePort(), http: await freePort() });
  }

  get program(): Program {
    assert(this.#running !== null, `broker ${String(this.id)} runs`);
    return this.#running.program;
  }

  /** Of all programs that ran here. */
  get log(): string {
    return this.#log + (this.#running?.server.log ?? '');
  }

  /** Of the program that runs now. */
  get logSinceStart(): string {
    return this.#running?.server.log ?? '';
  }

  async start(program: Program): Promise<void> {
    assert(this.#running === null, `broker ${String(this.id)} does not run`);
    const file = join(this.#options.folder, `${program}.properties`);
    await writeFile(file, this.#properties(program));
    const run = program === 'odradek' ? ours(file, this.#httpPort) : apache(program, file, this.id);
    const name = `${program} as broker ${String(this.id)}`;
    const server = new ServerProcess({ name, cwd: this.#options.folder, ...run });
    this.#running = { program, server };
    await server.start();
  }

  /** In order: it hands its partitions over first. */
  async stop(): Promise<void> {
    assert(this.#running !== null, `broker ${String(this.id)} runs`);
    const { program, server } = this.#running;
    const code = await server.stop();
    this.#end(server);
    assert.equal(code, exitCodeOf(program), `${program} stops in order\n${server.logTail}`);
  }

  async kill(): Promise<void> {
    if (this.#running === null) return;
    const { server } = this.#running;
    await server.kill();
    this.#end(server);
  }

  /** SIGSTOP, for a moment that is shorter than its session. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.#running?.server.pid ?? null;
    assert(pid !== null, `broker ${String(this.id)} runs`);
    process.kill(pid, signal);
  }

  #end(server: ServerProcess): void {
    this.#log += server.log;
    this.#running = null;
  }

  #properties(program: Program): string {
    const http = {
      'odradek.http.host': '127.0.0.1',
      'odradek.http.port': String(this.#httpPort),
    };
    const own = {
      'broker.id': String(this.id),
      listeners: `PLAINTEXT://${this.address}`,
      'log.dirs': this.logDir,
      'zookeeper.connect': this.#options.zookeeperConnect,
    };
    const all = { ...own, ...common, ...(program === 'odradek' ? http : {}) };
    return Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  }
}

/** Small segments, so that logs roll; the election of preferred leaders is the test's own. */
const common = {
  'inter.broker.protocol.version': '2.8',
  'zookeeper.session.timeout.ms': '6000',
  'auto.create.topics.enable': 'false',
  'auto.leader.rebalance.enable': 'false',
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.num.partitions': '3',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.num.partitions': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '262144',
  'log.index.size.max.bytes': '262144',
  'log.cleaner.dedupe.buffer.size': '8388608',
  'num.network.threads': '2',
  'num.io.threads': '4',
};
