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
  SocketOwner,
  Sockets,
} from '../../../broker/platform/socket.ts';
import type { Timers } from '../../../broker/platform/timers.ts';

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
      later: (action) => this.#later(action),
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

interface SocketPorts {
  readonly later: (action: () => void) => void;
  readonly pieceSize: (waiting: number) => number;
  readonly onEnd: () => void;
}

interface Sent {
  bytes: Buffer;
  readonly onTaken: (() => void) | undefined;
}

class MemorySocket implements ByteSocket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly fd = -1;
  readonly #ports: SocketPorts;
  #peer: MemorySocket | null = null;
  #owner: SocketOwner | null = null;
  /** Written here, not yet read by the peer. */
  #sent: Sent[] = [];
  #isDelivering = false;
  #isPaused = false;
  #hasEnded = false;

  constructor(ports: SocketPorts) {
    this.#ports = ports;
  }

  join(peer: MemorySocket, owner: SocketOwner): void {
    this.#peer = peer;
    this.#owner = owner;
  }

  get pendingSize(): number {
    return this.#sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(buffers: readonly Buffer[], onTaken?: () => void): void {
    if (this.#hasEnded) return;
    this.#sent.push({ bytes: Buffer.concat(buffers), onTaken });
    this.deliverLater();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#peer?.deliverLater();
  }

  destroy(): void {
    this.end(null);
  }

  /** Both ends hear of it, each in its own time. */
  end(error: Error | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sent = [];
    this.#ports.onEnd();
    this.#ports.later(() => this.#owner?.onClose(error));
    this.#ports.later(() => this.#peer?.end(null));
  }

  deliverLater(): void {
    if (this.#isDelivering || this.#hasEnded) return;
    this.#isDelivering = true;
    this.#ports.later(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const peer = this.#peer;
    const [first] = this.#sent;
    if (first === undefined || peer === null || this.#hasEnded) return;
    if (peer.#isPaused || peer.#owner === null || peer.#hasEnded) return;
    const size = Math.max(
      1,
      Math.min(this.#ports.pieceSize(first.bytes.length), first.bytes.length),
    );
    peer.#receive(first.bytes.subarray(0, size));
    first.bytes = first.bytes.subarray(size);
    if (first.bytes.length === 0) {
      this.#sent.shift();
      first.onTaken?.();
    }
    if (this.#sent.length > 0) this.deliverLater();
  }

  #receive(bytes: Buffer): void {
    for (let position = 0; position < bytes.length && !this.#hasEnded;) {
      const target = this.#owner?.nextBuffer() ?? Buffer.alloc(0);
      const size = bytes.copy(target, 0, position);
      position += size;
      this.#owner?.onData(size);
    }
  }
}

function socketError(code: string, port: number): Error {
  return Object.assign(new Error(`${code} port ${String(port)}`), { code });
}
