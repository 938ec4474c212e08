/**
 * A ZooKeeper of the simulated world: the embedded store on a host of its own, reached over links that
 * can be silent, with sessions that end when nothing is heard of their process for too long. Who is
 * cut off learns of that end only when it is heard again.
 *
 * Calls of all sessions are carried out one after the other. What a session is told, answers and
 * watches, reaches it in the order in which it came about.
 */

import { abortable } from '../../../broker/platform/abortable.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import type { EmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import type { OpenSession, ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { delay } from '../../../broker/platform/timers.ts';
import type { HostNetwork, Place } from './host-network.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import type { Scheduler } from './scheduler.ts';
import type { OnWrite } from './twin-session.ts';
import { TwinSession } from './twin-session.ts';

export const ZOOKEEPER = 'zookeeper';
const CONNECT_TIMEOUT_MS = 6000;
const RETRY_MS = 100;

export class ZooKeeperTwin {
  /** Of whoever looks at the znodes from outside: never cut off. */
  readonly observer: ZooKeeperSession;
  readonly #store: EmbeddedStore;
  readonly #scheduler: Scheduler;
  readonly #network: HostNetwork;
  readonly #calls = new SerialQueue();
  readonly #onWrite: OnWrite;
  readonly #sessions = new Set<TwinSession>();
  readonly timeoutMs: number;

  private constructor(
    parts: { readonly store: EmbeddedStore; readonly observer: ZooKeeperSession },
    world: TwinWorld,
  ) {
    this.#store = parts.store;
    this.observer = parts.observer;
    this.#scheduler = world.scheduler;
    this.#network = world.network;
    this.#onWrite = world.onWrite;
    this.timeoutMs = world.timeoutMs;
  }

  static async open(world: TwinWorld): Promise<ZooKeeperTwin> {
    const store = await openEmbeddedStore({
      fileSystem: new MemoryFileSystem(world.scheduler.clock),
      path: '/store',
      logger: silentLogger,
      sessionTimeoutMs: world.timeoutMs,
    });
    return new ZooKeeperTwin({ store, observer: await store.openSession() }, world);
  }

  /** For one life of a process; `aborted` where it could not reach ZooKeeper in time. */
  sessionsFor(place: Place): OpenSession {
    return async (signal) => {
      const timers = this.#scheduler.timers(place.life);
      for (let waitedMs = 0; !this.#isReachable(place); waitedMs += RETRY_MS) {
        if (waitedMs >= CONNECT_TIMEOUT_MS) throw new Error('no session with ZooKeeper');
        await delay(timers, RETRY_MS, signal);
      }
      const opened = new Promise<TwinSession>((resolve, reject) => {
        this.#network.pass(place.host, this.#place, () => {
          void this.#open(place).then((session) => {
            this.#network.pass(ZOOKEEPER, place, () => resolve(session));
          }, reject);
        });
      });
      return signal === undefined ? opened : abortable(opened, signal);
    };
  }

  /** As when nothing was heard of the process for too long. */
  expire(host: string): void {
    for (const session of this.#sessions) if (session.host === host) session.expire();
  }

  /** Connections of the host end; its sessions go on with others. */
  cut(host: string): void {
    for (const session of this.#sessions) if (session.host === host) session.disconnect();
  }

  #isReachable({ host }: Place): boolean {
    return this.#network.isOpen(host, ZOOKEEPER) && this.#network.isOpen(ZOOKEEPER, host);
  }

  get #place(): Place {
    return { host: ZOOKEEPER, life: this.#scheduler.world };
  }

  async #open(place: Place): Promise<TwinSession> {
    const stored = await this.#store.openSession();
    const session = new TwinSession(stored, {
      place,
      server: this.#place,
      scheduler: this.#scheduler,
      network: this.#network,
      calls: this.#calls,
      onWrite: this.#onWrite,
      expire: () => this.#store.expire(stored.id),
      isReachable: () => this.#isReachable(place),
    });
    this.#sessions.add(session);
    void stored.ended.then(() => this.#sessions.delete(session));
    return session;
  }
}

export interface TwinWorld {
  readonly scheduler: Scheduler;
  readonly network: HostNetwork;
  readonly timeoutMs: number;
  readonly onWrite: OnWrite;
}
