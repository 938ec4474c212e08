/**
 * The twin of the sockets: pipes in memory. Bytes arrive later, in order, in pieces, after delays that
 * the options say; connections can be cut. Descriptors there are none, so files are sent by way of
 * memory.
 */

import type {
  ByteSocket,
  ConnectOptions,
  ListenOptions,
  SocketListener,
  Sockets,
} from '../../../broker/platform/socket.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import { MemorySocket, socketError } from './memory-socket.ts';

export interface MemoryNetworkOptions {
  readonly timers: Timers;
  /** Before each delivery and each end; 0 by default, which is still another turn. */
  readonly delayMs?: () => number;
  /** Bytes that one delivery brings at most, given what waits; all of it by default. */
  readonly pieceSize?: (waiting: number) => number;
}

export class MemoryNetwork implements Sockets {
  readonly #options: MemoryNetworkOptions;
  readonly #listeners = new Map<number, ListenOptions>();
  readonly #open = new Set<MemorySocket>();
  #nextPort = 20_000;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** Sockets that are open, both ends counted. */
  get openCount(): number {
    return this.#open.size;
  }

  listen(options: ListenOptions): Promise<SocketListener> {
    if (options.port === 0) this.#nextPort += 1;
    const port = options.port === 0 ? this.#nextPort : options.port;
    if (this.#listeners.has(port)) return Promise.reject(socketError('EADDRINUSE', port));
    this.#listeners.set(port, options);
    const close = (): Promise<void> => {
      if (this.#listeners.get(port) === options) this.#listeners.delete(port);
      return Promise.resolve();
    };
    return Promise.resolve({ host: options.host, port, close });
  }

  connect({ port, owner }: ConnectOptions): Promise<ByteSocket> {
    return new Promise((resolve, reject) => {
      this.#later(() => {
        const listener = this.#listeners.get(port);
        if (listener === undefined) {
          reject(socketError('ECONNREFUSED', port));
          return;
        }
        const far = this.#socket();
        const near = this.#socket();
        near.join(far, owner);
        listener.onConnection((acceptor) => {
          far.join(near, acceptor);
          return far;
        });
        resolve(near);
      });
    });
  }

  /** Ends every connection, as a lost network does; those made later work. */
  cut(): void {
    for (const socket of [...this.#open]) socket.end(socketError('ECONNRESET', 0));
  }

  /** The machine is gone: nobody listens, every connection ends. */
  crash(): void {
    this.#listeners.clear();
    this.cut();
  }

  #socket(): MemorySocket {
    const socket: MemorySocket = new MemorySocket({
      here: (action) => this.#later(action),
      there: (action) => this.#later(action),
      taken: (action) => action(),
      pieceSize: this.#options.pieceSize ?? ((waiting) => waiting),
      onEnd: () => this.#open.delete(socket),
    });
    this.#open.add(socket);
    return socket;
  }

  #later(action: () => void): void {
    const delayMs = this.#options.delayMs?.() ?? 0;
    if (delayMs > 0) this.#options.timers.after(delayMs, action);
    else this.#options.timers.soon(action);
  }
}
