/** Sockets on Node's TCP. */

import net from 'node:net';
import type {
  ByteSocket,
  ConnectOptions,
  ListenOptions,
  SocketListener,
  SocketOwner,
  Sockets,
} from './socket.ts';

const JOINED_SIZE_MAX = 32 * 1024;

export const nodeSockets: Sockets = { listen, connect };

function listen(options: ListenOptions): Promise<SocketListener> {
  // The accepted socket is only a carrier of its handle: `onread`, which reads into buffers of the
  // owner, can be set on construction alone.
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
    options.onConnection((owner) => adopt(accepted, owner));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port, backlog: options.backlog }, () => {
      server.off('error', reject);
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      resolve({ host: options.host, port, close: () => closeServer(server) });
    });
  });
}

function closeServer(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    // The callback waits for open connections, which outlive the listener: it has stopped already.
    server.close();
    resolve();
  });
}

function connect({ host, port, timeoutMs, owner }: ConnectOptions): Promise<ByteSocket> {
  return new Promise((resolve, reject) => {
    const socket = new net.Socket(withOnRead({}, owner));
    const timer = setTimeout(() => {
      socket.destroy(
        Object.assign(new Error(`connection to ${host}:${String(port)} timed out`), {
          code: 'ETIMEDOUT',
        }),
      );
    }, timeoutMs);
    const onFailure = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', onFailure);
    socket.connect({ host, port, noDelay: true }, () => {
      clearTimeout(timer);
      socket.off('error', onFailure);
      resolve(own(socket, owner));
    });
  });
}

/** What Node keeps in an accepted socket and its types do not name. */
interface WithHandle {
  _handle: unknown;
}

function adopt(accepted: net.Socket, owner: SocketOwner): ByteSocket {
  // Reason for the casts: Node has no public way to set `onread` for an accepted connection.
  const carrier = accepted as unknown as WithHandle;
  const handle = carrier._handle;
  carrier._handle = null;
  accepted.destroy();
  const socket = new net.Socket(withOnRead({ handle, noDelay: true }, owner));
  socket.resume();
  return own(socket, owner);
}

/** Reason for the cast: Node takes `handle` and `onread` here, and its types name neither. */
function withOnRead(options: object, owner: SocketOwner): net.SocketConstructorOpts {
  const onread = {
    buffer: () => owner.nextBuffer(),
    callback: (size: number) => {
      owner.onData(size);
      return true;
    },
  };
  return { ...options, onread } as net.SocketConstructorOpts;
}

function own(socket: net.Socket, owner: SocketOwner): ByteSocket {
  let failure: Error | null = null;
  socket.on('error', (error) => (failure = error));
  socket.on('end', () => socket.destroy());
  socket.once('close', () => owner.onClose(failure));
  return new NodeSocket(socket);
}

class NodeSocket implements ByteSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #socket: net.Socket;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
  }

  get fd(): number {
    const { _handle: handle } = this.#socket as unknown as WithHandle;
    if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
    return typeof handle.fd === 'number' ? handle.fd : -1;
  }

  get pendingSize(): number {
    return this.#socket.writableLength;
  }

  write(buffers: readonly Buffer[], onTaken?: () => void): void {
    const pieces = buffers.length > 1 ? joined(buffers) : buffers;
    const last = pieces.length - 1;
    if (last > 0) this.#socket.cork();
    pieces.forEach((buffer, index) => {
      if (index === last && onTaken !== undefined) this.#socket.write(buffer, onTaken);
      else this.#socket.write(buffer);
    });
    if (last > 0) this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** One buffer of several small ones: copying them costs less than what Node does for each write. */
function joined(buffers: readonly Buffer[]): readonly Buffer[] {
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
  return size <= JOINED_SIZE_MAX ? [Buffer.concat(buffers, size)] : buffers;
}
