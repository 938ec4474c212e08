/**
 * One listener: accepts connections and owns them. Stopping is in two steps, so that requests in
 * flight are answered: stopAccepting(), then drain().
 */

import type { Count } from '../metrics/metrics.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { ByteSocket, SocketListener, SocketOwner, Sockets } from '../platform/socket.ts';
import type { Timer, Timers } from '../platform/timers.ts';
import type { Peer, RequestHandler } from '../model/request-handler.ts';
import { Connection } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { RegionPool } from './region-pool.ts';
import type { RequestMemory } from './request-memory.ts';
import type { Transfer, TransferOptions } from './transfer/transfer.ts';

const IDLE_CHECK_MS = 10_000;

export interface AcceptorOptions {
  readonly listenerName: string;
  readonly host: string;
  readonly port: number;
  readonly handler: RequestHandler;
  readonly requestSizeMax: number;
  readonly idleMsMax: number;
  /** Connections that the kernel keeps until they are accepted. */
  readonly backlog: number;
  /** Shared by all listeners of the broker, as is the memory. */
  readonly limits: ConnectionLimits;
  /** Whether the listener keeps out of max.connections. */
  readonly isExempt: boolean;
  readonly memory: RequestMemory;
  readonly sent: Count;
  readonly refused: Count;
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly nextConnectionId: () => number;
  readonly transferFor: (socket: ByteSocket, options: TransferOptions) => Transfer;
}

export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #connections = new Set<Connection>();
  readonly #regions = new RegionPool();
  #listener: SocketListener | null = null;
  #idleTimer: Timer | null = null;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Resolves with the port listened on. */
  async start(): Promise<number> {
    const { sockets, host, port, backlog, timers } = this.#options;
    this.#listener = await sockets.listen({
      host,
      port,
      backlog,
      onConnection: (accept) => this.#accept(accept),
    });
    this.#idleTimer = timers.every(IDLE_CHECK_MS, () => this.#closeIdle());
    return this.#listener.port;
  }

  async stopAccepting(): Promise<void> {
    await this.#listener?.close();
    this.#listener = null;
  }

  /** Lets requests in flight finish, at most for `timeoutMs`; then closes all. */
  async drain(timeoutMs: number): Promise<void> {
    this.#idleTimer?.cancel();
    for (const connection of [...this.#connections]) connection.drain();
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.timers.after(timeoutMs, resolve);
      this.#onEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
    for (const connection of [...this.#connections]) connection.close();
  }

  #onEmpty: () => void = () => undefined;

  #accept(accept: (owner: SocketOwner) => ByteSocket): void {
    const { options, connection, bind } = this.#newConnection();
    const socket = accept(connection);
    if (!options.limits.admit(socket.remoteAddress, options)) {
      socket.destroy();
      return;
    }
    bind(socket);
    this.#connections.add(connection);
  }

  #newConnection(): {
    options: AcceptorOptions;
    connection: Connection;
    bind: (socket: ByteSocket) => void;
  } {
    const options = this.#options;
    // The peer's address is known only with the socket, which needs its owner first.
    const peer = { connectionId: options.nextConnectionId(), address: '', port: 0 };
    const connection = new Connection({
      peer: Object.assign(peer, { listenerName: options.listenerName }) satisfies Peer,
      handler: options.handler,
      requestSizeMax: options.requestSizeMax,
      logger: options.logger,
      nowMs: () => options.clock.monotonicMs(),
      onClose: (closed) => this.#forget(closed),
      regions: this.#regions,
      memory: options.memory,
      sent: options.sent,
      refused: options.refused,
    });
    const bind = (socket: ByteSocket): void => {
      peer.address = socket.remoteAddress;
      peer.port = socket.remotePort;
      const transfer = options.transferFor(socket, {
        onDrained: () => connection.onDrained(),
        onFailure: (error) => {
          options.logger.error({ err: error }, 'a log file could not be sent');
          connection.close();
        },
      });
      connection.start(socket, transfer);
    };
    return { options, connection, bind };
  }

  #forget(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#options.limits.leave(connection.peer.address);
    if (this.#connections.size === 0) this.#onEmpty();
  }

  #closeIdle(): void {
    const oldest = this.#options.clock.monotonicMs() - this.#options.idleMsMax;
    for (const connection of this.#connections) {
      if (connection.idle && connection.lastActiveMs < oldest) connection.close();
    }
  }
}
