/**
 * The network between the hosts of a simulated world: every connection keeps its order and nothing
 * else does. Links can be silent or slow, each way by itself: what is sent while they are silent
 * arrives when they are not any more, as TCP's retransmissions do. Connections can be cut.
 */

import type {
  ByteSocket,
  ConnectOptions,
  ListenOptions,
  SocketListener,
  Sockets,
} from '../../../broker/platform/socket.ts';
import { MemorySocket, socketError } from './memory-socket.ts';
import type { Life } from './scheduled-event.ts';
import type { Scheduler } from './scheduler.ts';

const FIRST_PORT = 20_000;

/** A process on a host. */
export interface Place {
  readonly host: string;
  readonly life: Life;
}

interface Listening extends Place {
  readonly options: ListenOptions;
}

interface Connection {
  readonly ends: readonly [Place, Place];
  readonly sockets: readonly [MemorySocket, MemorySocket];
}

export class HostNetwork {
  readonly #scheduler: Scheduler;
  readonly #listeners = new Map<string, Listening>();
  readonly #connections = new Set<Connection>();
  /** Silent links, with what waits to pass them, in its order. */
  readonly #silent = new Map<string, (() => void)[]>();
  /** Links that take longer than others, and how much at most. */
  readonly #slow = new Map<string, number>();
  readonly #latencyMs: number;
  #nextPort = FIRST_PORT;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#latencyMs = 1 + scheduler.random.integer(4);
  }

  socketsOf(place: Place): Sockets {
    return {
      listen: (options) => this.#listen(place, options),
      connect: (options) => this.#connect(place, options),
    };
  }

  isOpen(from: string, to: string): boolean {
    return !this.#silent.has(linkOf(from, to));
  }

  /** Whatever passes from one host to the other, from now on, waits. */
  silence(from: string, to: string): void {
    const link = linkOf(from, to);
    if (!this.#silent.has(link)) this.#silent.set(link, []);
  }

  open(from: string, to: string): void {
    const link = linkOf(from, to);
    const waiting = this.#silent.get(link) ?? [];
    this.#silent.delete(link);
    for (const pass of waiting) pass();
  }

  /** Whatever passes from one host to the other takes up to so much longer. */
  slowDown(from: string, to: string, byMs: number): void {
    if (byMs > 0) this.#slow.set(linkOf(from, to), byMs);
    else this.#slow.delete(linkOf(from, to));
  }

  openAll(): void {
    this.#slow.clear();
    for (const [link, waiting] of [...this.#silent]) {
      this.#silent.delete(link);
      for (const pass of waiting) pass();
    }
  }

  /** Ends the connections between two hosts; those made later work. */
  cut(one: string, other: string): void {
    for (const { ends, sockets } of [...this.#connections]) {
      const hosts = ends.map(({ host }) => host);
      if (hosts.includes(one) && hosts.includes(other)) reset(sockets);
    }
  }

  /** The process is gone: it listens no more, and its peers are told. */
  kill(life: Life): void {
    for (const [address, listening] of [...this.#listeners]) {
      if (listening.life === life) this.#listeners.delete(address);
    }
    for (const { ends, sockets } of [...this.#connections]) {
      ends.forEach((end, index) => {
        if (end.life === life) sockets[index]?.end(null);
      });
    }
  }

  /** `action` happens in that life when it has passed the link. */
  pass(from: string, to: Place, action: () => void): void {
    const slowMs = this.#slow.get(linkOf(from, to.host)) ?? 0;
    const delayMs = this.#scheduler.random.integer(this.#latencyMs + slowMs + 1);
    this.#scheduler.after(delayMs, this.#scheduler.world, () => {
      const waiting = this.#silent.get(linkOf(from, to.host));
      if (waiting !== undefined) waiting.push(() => this.pass(from, to, action));
      else this.#inLife(to.life, action);
    });
  }

  #inLife(life: Life, action: () => void): void {
    if (life.isDead) return;
    if (life.isStopped) this.#scheduler.after(0, life, action);
    else action();
  }

  #listen(place: Place, options: ListenOptions): Promise<SocketListener> {
    if (options.port === 0) this.#nextPort += 1;
    const port = options.port === 0 ? this.#nextPort : options.port;
    const address = `${place.host}:${String(port)}`;
    if (this.#listeners.has(address)) return Promise.reject(socketError('EADDRINUSE', port));
    const listening = { ...place, options };
    this.#listeners.set(address, listening);
    const close = (): Promise<void> => {
      if (this.#listeners.get(address) === listening) this.#listeners.delete(address);
      return Promise.resolve();
    };
    return Promise.resolve({ host: options.host, port, close });
  }

  #connect(from: Place, options: ConnectOptions): Promise<ByteSocket> {
    const { host, port, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = this.#scheduler.after(timeoutMs, from.life, () => {
        isOver = true;
        reject(socketError('ETIMEDOUT', port));
      });
      const back = (action: () => void): void =>
        this.pass(host, from, () => {
          timer.cancel();
          if (!isOver) action();
        });
      this.pass(from.host, { host, life: this.#scheduler.world }, () => {
        if (isOver || from.life.isDead) return;
        const listener = this.#listeners.get(`${host}:${String(port)}`);
        if (listener === undefined) {
          back(() => reject(socketError('ECONNREFUSED', port)));
          return;
        }
        const near = this.#open(from, listener, options);
        back(() => resolve(near));
      });
    });
  }

  /** The kernel accepts at once; the process when it runs. */
  #open(from: Place, to: Listening, { owner }: ConnectOptions): MemorySocket {
    const onEnd = (): void => void this.#connections.delete(connection);
    const near = new MemorySocket(this.#ports(from, to, onEnd));
    const far = new MemorySocket(this.#ports(to, from, onEnd));
    const connection: Connection = { ends: [from, to], sockets: [near, far] };
    this.#connections.add(connection);
    near.join(far, owner);
    this.#scheduler.after(0, to.life, () => {
      to.options.onConnection((acceptor) => {
        far.join(near, acceptor);
        return far;
      });
    });
    return near;
  }

  #ports(
    here: Place,
    there: Place,
    onEnd: () => void,
  ): ConstructorParameters<typeof MemorySocket>[0] {
    const { random } = this.#scheduler;
    return {
      here: (action) => void this.#scheduler.after(0, here.life, action),
      there: (action) => this.pass(here.host, there, action),
      // Not a step of its own: there are too many of them, and the kernel says so at once.
      taken: (action) => {
        if (here.life.isStopped) this.#scheduler.after(0, here.life, action);
        else if (!here.life.isDead) queueMicrotask(action);
      },
      pieceSize: (waiting) => (random.integer(8) === 0 ? 1 + random.integer(waiting) : waiting),
      onEnd,
    };
  }
}

function reset(sockets: readonly MemorySocket[]): void {
  for (const socket of sockets) socket.end(socketError('ECONNRESET', 0));
}

function linkOf(from: string, to: string): string {
  return `${from}>${to}`;
}
