/**
 * A session of one process with the twin of ZooKeeper. While its connection is down calls fail with
 * CONNECTION_LOSS, and those under way may have been carried out; watches that fire meanwhile are told
 * when there is a connection again. The process learns of the session's end only by a connection.
 */

import type { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import type {
  CreateOptions,
  NodeData,
  SessionEnd,
  Stat,
  Watcher,
  ZooKeeperSession,
} from '../../../broker/zookeeper/port.ts';
import { ZooKeeperError } from '../../../broker/zookeeper/port.ts';
import type { HostNetwork, Place } from './host-network.ts';
import type { Scheduler } from './scheduler.ts';

/** Called after each write that was carried out, in their order. */
export type OnWrite = (path: string, data: Buffer | null, isRemoved: boolean) => void;

interface SessionWorld {
  readonly place: Place;
  readonly server: Place;
  readonly scheduler: Scheduler;
  readonly network: HostNetwork;
  readonly calls: SerialQueue;
  readonly onWrite: OnWrite;
  readonly expire: () => Promise<void>;
  readonly isReachable: () => boolean;
}

/** What is on its way up or down a connection. */
interface Message {
  readonly connection: number;
  readonly isWatch: boolean;
  readonly arrive: () => void;
}

export class TwinSession implements ZooKeeperSession {
  readonly id: string;
  readonly timeoutMs: number;
  readonly ended: Promise<SessionEnd>;
  readonly #stored: ZooKeeperSession;
  readonly #world: SessionWorld;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #pending = new Set<(error: ZooKeeperError) => void>();
  readonly #up: Message[] = [];
  readonly #down: Message[] = [];
  /** Watches that fired while there was no connection. */
  #missed: (() => void)[] = [];
  #resolveEnded: (end: SessionEnd) => void = () => undefined;
  #connection = 1;
  #isConnected = true;
  #isOver = false;
  #hasExpired = false;
  #heardMs: number;
  #seenMs: number;

  constructor(stored: ZooKeeperSession, world: SessionWorld) {
    this.#stored = stored;
    this.#world = world;
    this.id = stored.id;
    this.timeoutMs = stored.timeoutMs;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#heardMs = world.scheduler.nowMs;
    this.#seenMs = world.scheduler.nowMs;
    this.#watchOver();
  }

  get host(): string {
    return this.#world.place.host;
  }

  get connected(): boolean {
    return this.#isConnected && !this.#isOver;
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  create(path: string, data: Buffer | null, options: CreateOptions = {}): Promise<string> {
    const kept = data === null ? null : Buffer.from(data);
    return this.#write(path, kept, () => this.#stored.create(path, kept, options));
  }

  get(path: string, watcher?: Watcher): Promise<NodeData | null> {
    return this.#call(path, () => this.#stored.get(path, this.#watcher(watcher)));
  }

  exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    return this.#call(path, () => this.#stored.exists(path, this.#watcher(watcher)));
  }

  children(path: string, watcher?: Watcher): Promise<readonly string[] | null> {
    return this.#call(path, () => this.#stored.children(path, this.#watcher(watcher)));
  }

  set(path: string, data: Buffer | null, version: number): Promise<Stat> {
    const kept = data === null ? null : Buffer.from(data);
    return this.#write(path, kept, () => this.#stored.set(path, kept, version));
  }

  remove(path: string, version: number): Promise<void> {
    return this.#call(path, async () => {
      await this.#stored.remove(path, version);
      this.#world.onWrite(path, null, true);
    });
  }

  sync(path: string): Promise<void> {
    return this.#call(path, () => this.#stored.sync(path));
  }

  /** Where the servers cannot be told, the session goes on there until its time is over. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    const told = this.#call('/', () => this.#stored.close()).catch(() => undefined);
    this.#isOver = true;
    await told;
    this.#finish('closed');
  }

  /** On the servers; the process is told when it can be. */
  expire(): void {
    if (this.#hasExpired) return;
    this.#hasExpired = true;
    void this.#world.calls.run(() => this.#world.expire());
    this.#send(this.#down, { isWatch: false, arrive: () => this.#finish('expired') });
  }

  disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#connection += 1;
    for (const reject of [...this.#pending]) reject(new ZooKeeperError('CONNECTION_LOSS', '/'));
    for (const listener of this.#listeners) listener(false);
    this.#later(() => this.#reconnect());
  }

  #write<T>(path: string, data: Buffer | null, write: () => Promise<T>): Promise<T> {
    return this.#call(path, async () => {
      const result = await write();
      this.#world.onWrite(path, data, false);
      return result;
    });
  }

  #call<T>(path: string, carryOut: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new ZooKeeperError('SESSION_ENDED', path));
        return;
      }
      if (!this.#isConnected) {
        this.#later(() => reject(new ZooKeeperError('CONNECTION_LOSS', path)));
        return;
      }
      this.#pending.add(reject);
      const answer = (settle: () => void): void => {
        const arrive = (): void => {
          this.#pending.delete(reject);
          settle();
        };
        this.#send(this.#down, { isWatch: false, arrive });
      };
      const arrive = (): void => {
        void this.#world.calls.run(async () => {
          try {
            const result = await carryOut();
            answer(() => resolve(result));
          } catch (error) {
            answer(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        });
      };
      this.#send(this.#up, { isWatch: false, arrive });
    });
  }

  #watcher(watcher: Watcher | undefined): Watcher | undefined {
    if (watcher === undefined) return undefined;
    return (event) => {
      const arrive = (): void => {
        if (!this.#isOver) watcher(event);
      };
      this.#send(this.#down, { isWatch: true, arrive });
    };
  }

  /** In order: whatever gets through first takes the first message with it. */
  #send(queue: Message[], { isWatch, arrive }: Omit<Message, 'connection'>): void {
    const { network, place, server } = this.#world;
    queue.push({ connection: this.#connection, isWatch, arrive });
    const isUp = queue === this.#up;
    network.pass(isUp ? place.host : server.host, isUp ? server : place, () => {
      const message = queue.shift();
      if (message !== undefined) this.#arrived(message, isUp);
    });
  }

  /** Of an earlier connection: requests that were on their way may still be carried out, until the next. */
  #arrived(message: Message, isUp: boolean): void {
    const { scheduler, place } = this.#world;
    if (message.connection === this.#connection && this.#isConnected) {
      this.#seenMs = isUp ? this.#seenMs : scheduler.nowMs;
      message.arrive();
    } else if (isUp) {
      const isLucky = !this.#isConnected && scheduler.random.integer(2) === 0;
      if (isLucky && !place.life.isDead) message.arrive();
      else this.#forgetOld();
    } else if (message.isWatch) {
      if (this.#isConnected) message.arrive();
      else this.#missed.push(message.arrive);
    }
  }

  /** What one connection has lost, it has lost with all that came after it. */
  #forgetOld(): void {
    const newer = this.#up.filter(({ connection }) => connection === this.#connection);
    this.#up.splice(0, this.#up.length, ...newer);
  }

  /** Both sides look, each in its own time, whether they hear of each other. */
  #watchOver(): void {
    const { scheduler, place, network, server, isReachable } = this.#world;
    const everyMs = this.timeoutMs / 6;
    const serverTimer = scheduler.timers(server.life).every(everyMs, () => {
      if (this.#hasExpired) return;
      const isHeard = network.isOpen(place.host, server.host) && this.#isConnected;
      const { isDead, isStopped } = place.life;
      if (isHeard && !isDead && !isStopped) this.#heardMs = scheduler.nowMs;
      if (scheduler.nowMs - this.#heardMs >= this.timeoutMs) this.expire();
    });
    const clientTimer = scheduler.timers(place.life).every(everyMs, () => {
      if (isReachable()) this.#seenMs = scheduler.nowMs;
      else if (scheduler.nowMs - this.#seenMs >= (this.timeoutMs * 2) / 3) this.disconnect();
    });
    void this.#stored.ended.then(() => {
      serverTimer.cancel();
      this.#hasExpired = true;
    });
    void this.ended.then(() => clientTimer.cancel());
  }

  #reconnect(): void {
    if (this.#isOver) return;
    if (!this.#world.isReachable()) {
      this.#later(() => this.#reconnect());
      return;
    }
    if (this.#hasExpired) {
      this.#finish('expired');
      return;
    }
    this.#isConnected = true;
    this.#heardMs = this.#world.scheduler.nowMs;
    this.#seenMs = this.#heardMs;
    for (const listener of this.#listeners) listener(true);
    for (const arrive of this.#missed.splice(0)) {
      this.#send(this.#down, { isWatch: true, arrive });
    }
  }

  #finish(end: SessionEnd): void {
    this.#isOver = true;
    for (const reject of [...this.#pending]) reject(new ZooKeeperError('SESSION_ENDED', '/'));
    this.#pending.clear();
    this.#missed = [];
    this.#resolveEnded(end);
  }

  #later(action: () => void): void {
    const { scheduler, place } = this.#world;
    scheduler.after(20 + scheduler.random.integer(300), place.life, action);
  }
}
