/**
 * One broker of the simulated cluster, life after life: its files and its clock's error outlive the
 * process. Whatever ends the process by itself (a failed start, a fatal error) is followed by another
 * start, as under a supervisor.
 */

import { Broker } from '../../../broker/broker.ts';
import { buildBrokerConfig } from '../../../broker/config/broker-config.ts';
import type { Clock } from '../../../broker/platform/clock.ts';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import type { Logger } from '../../../broker/platform/logger.ts';
import type { Platform } from '../../../broker/platform/platform.ts';
import type { Random } from '../../../broker/platform/random.ts';
import { delayedFileSystem } from '../../support/sim/delayed-file-system.ts';
import type { HostNetwork } from '../../support/sim/host-network.ts';
import { InlineWorkers } from '../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import { Life } from '../../support/sim/scheduled-event.ts';
import { SeededRandom } from '../../support/sim/simulation.ts';
import type { ZooKeeperTwin } from '../../support/sim/zookeeper-twin.ts';
import { textOf } from './text.ts';

export const BROKER_PORT = 9092;
const RESTART_MS = 300;
/** Longer than the slowest disk takes. */
const CLOSING_MS_MAX = 1000;
/** Where Linux says which boot of the machine this is: a process that dies loses nothing it wrote. */
const BOOT_FOLDER = '/proc/sys/kernel/random';

export interface BrokerWorld {
  readonly scheduler: Scheduler;
  readonly network: HostNetwork;
  readonly zookeeper: ZooKeeperTwin;
  /** Of every broker, besides what this file sets. */
  readonly properties: Readonly<Record<string, string>>;
  readonly hasSlowDisk: boolean;
}

export class SimulatedBroker {
  readonly id: number;
  readonly host: string;
  readonly files: MemoryFileSystem;
  /** Of this machine's time of day, against true time. */
  clockErrorMs = 0;
  /** Each call to the disk takes up to so long. */
  diskMs: number;
  readonly #world: BrokerWorld;
  #life: Life | null = null;
  #broker: Broker | null = null;
  #isStarted = false;
  /** False: it is to stay down. */
  #isWanted = false;
  #bootCount = 0;

  constructor(id: number, world: BrokerWorld) {
    this.id = id;
    this.host = `broker-${String(id)}`;
    this.#world = world;
    this.diskMs = world.hasSlowDisk ? 2 : 0;
    this.files = new MemoryFileSystem(this.#clock);
    this.files.slowWrites = world.scheduler.random.integer(2) === 0;
  }

  get isRunning(): boolean {
    return this.#isStarted;
  }

  get isStopped(): boolean {
    return this.#life?.isStopped === true;
  }

  start(): void {
    this.#isWanted = true;
    if (this.#life !== null) return;
    const life = new Life();
    this.#life = life;
    const { scheduler } = this.#world;
    scheduler.trace.note(`${this.host} starts`);
    const broker = this.#make(life);
    this.#broker = broker;
    this.#begin(life, broker).catch((error: unknown) => this.#ended(life, error));
  }

  async #begin(life: Life, broker: Broker): Promise<void> {
    await this.#boot();
    await broker.start();
    if (this.#life === life) this.#isStarted = true;
  }

  async #boot(): Promise<void> {
    await this.files.makeFolder(BOOT_FOLDER);
    const file = await this.files.open(`${BOOT_FOLDER}/boot_id`, 'write');
    await file.write([Buffer.from(`${this.host} boot ${String(this.#bootCount)}`)], 0);
    await file.close();
  }

  /** kill -9: what was written is there, synced or not. With `luck`, a loss of power. */
  kill(luck: Random | null = null): void {
    const life = this.#life;
    this.#isWanted = false;
    if (life !== null) this.#world.scheduler.trace.note(`${this.host} is dead`);
    if (life !== null) this.#bury(life);
    if (luck !== null) this.#bootCount += 1;
    this.files.crash({ keepUnsynced: luck ?? true });
  }

  /** In order, by itself; resolves when the process is gone. */
  async stop(): Promise<void> {
    const [life, broker] = [this.#life, this.#broker];
    this.#isWanted = false;
    if (life === null || broker === null) return;
    await Promise.race([broker.stop(), this.#death(life)]);
    await this.#descriptorsClosed(life);
    if (this.#life === life) this.#bury(life);
  }

  /** What is closed is no more waited for than by a process that ends, but here it has to get there. */
  async #descriptorsClosed(life: Life): Promise<void> {
    for (let waitedMs = 0; waitedMs < CLOSING_MS_MAX; waitedMs += 10) {
      if (this.#life !== life || this.files.openCount === 0) return;
      await this.#world.scheduler.pause(10);
    }
  }

  /** SIGSTOP; false: there is no process that runs. */
  freeze(): boolean {
    if (this.#life === null || this.#life.isStopped) return false;
    this.#life.isStopped = true;
    return true;
  }

  thaw(): void {
    if (this.#life?.isStopped === true) this.#world.scheduler.resume(this.#life);
  }

  /** Nobody dies of it here: what it waits for never comes, so somebody has to look. */
  async #death(life: Life): Promise<void> {
    while (this.#life === life) await this.#world.scheduler.pause(100);
  }

  #bury(life: Life): void {
    life.isDead = true;
    this.#life = null;
    this.#broker = null;
    this.#isStarted = false;
    this.#world.network.kill(life);
  }

  /** The process has ended itself. */
  #ended(life: Life, error: unknown): void {
    if (this.#life !== life) return;
    const { scheduler } = this.#world;
    scheduler.trace.note(`${this.host} ends: ${textOf({ err: error })}`);
    const isWanted = this.#isWanted;
    // After what runs now, which may be the middle of its start.
    scheduler.after(0, scheduler.world, () => {
      if (this.#life !== life) return;
      this.#bury(life);
      this.files.crash({ keepUnsynced: true });
      scheduler.after(RESTART_MS, scheduler.world, () => {
        if (isWanted && this.#isWanted) this.start();
      });
    });
  }

  #make(life: Life): Broker {
    const { zookeeper, properties } = this.#world;
    const all = new Map(
      Object.entries({
        'broker.id': String(this.id),
        'zookeeper.connect': 'simulated:2181',
        listeners: `PLAINTEXT://${this.host}:${String(BROKER_PORT)}`,
        'log.dirs': '/data',
        'odradek.http.port': '',
        ...properties,
      }),
    );
    const place = { host: this.host, life };
    return new Broker({
      config: buildBrokerConfig(all),
      properties: all,
      createTopics: [],
      platform: this.#platform(life),
      processMetrics: false,
      onFatal: (error) => this.#ended(life, error),
      cluster: { openSession: zookeeper.sessionsFor(place), close: () => Promise.resolve() },
    });
  }

  #platform(life: Life): Platform {
    const { scheduler, network } = this.#world;
    const timers = scheduler.timers(life);
    const logger = this.#logger(life, {});
    const fileSystem = this.#filesOf(life);
    const clock = this.#clock;
    return {
      clock,
      timers,
      random: new SeededRandom(scheduler.random.integer(2 ** 31)),
      fileSystem,
      sockets: network.socketsOf({ host: this.host, life }),
      serveHttp: () => Promise.reject(new Error('nothing is served by HTTP here')),
      logger,
      workers: new InlineWorkers({ fileSystem, clock, logger, timers }),
      sendfile: null,
      isResident: () => true,
      hostName: this.host,
    };
  }

  get #clock(): Clock {
    const { scheduler } = this.#world;
    return {
      nowMs: () => scheduler.nowMs + this.clockErrorMs,
      monotonicMs: () => scheduler.nowMs,
    };
  }

  /** Each call may take its time; a process that is dead calls nothing any more. */
  #filesOf(life: Life): FileSystem {
    const { scheduler } = this.#world;
    return delayedFileSystem(this.files, () => {
      if (life.isDead) return new Promise(() => undefined);
      const { diskMs } = this;
      const delayMs = diskMs === 0 ? 0 : scheduler.random.integer(diskMs * 2 + 1) - diskMs;
      if (delayMs <= 0) return null;
      return new Promise((resolve) => void scheduler.after(delayMs, life, resolve));
    });
  }

  #logger(life: Life, fields: object): Logger {
    const { trace } = this.#world.scheduler;
    const say =
      (level: string) =>
      (more: object, message: string): void => {
        if (life.isDead) return;
        trace.note(`${this.host} ${level} ${message} ${textOf({ ...fields, ...more })}`);
      };
    return {
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      child: (more) => this.#logger(life, { ...fields, ...more }),
    };
  }
}
