/** The broker's listeners: where it listens, and what it tells others about that. */

import type { BrokerConfig } from './config/broker-config.ts';
import type { Listener } from './config/listeners.ts';
import type { BrokerMetrics } from './metrics/metrics.ts';
import { Acceptor } from './network/acceptor.ts';
import { ConnectionLimits } from './network/connection-limits.ts';
import { RequestMemory } from './network/request-memory.ts';
import type { RequestHandler } from './model/request-handler.ts';
import { BufferedTransfer } from './network/transfer/buffered.ts';
import { SendfileTransfer } from './network/transfer/sendfile.ts';
import type { Transfer, TransferOptions } from './network/transfer/transfer.ts';
import type { Platform } from './platform/platform.ts';
import type { ByteSocket } from './platform/socket.ts';
import type { Instance } from './registration/instance-file.ts';
import type { RegisteredEndpoint } from './zookeeper/znodes/broker-registration.ts';

export interface ListeningOptions {
  /** As it is now; limits of connections may change at run time. */
  readonly config: () => BrokerConfig;
  readonly metrics: BrokerMetrics;
  readonly platform: Platform;
}

export class Listening {
  readonly #config: BrokerConfig;
  readonly #memory: RequestMemory;
  readonly #limits: ConnectionLimits;
  readonly #metrics: BrokerMetrics;
  readonly #platform: Platform;
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #ports = new Map<string, number>();
  #connectionIds = 0;

  constructor({ config, metrics, platform }: ListeningOptions) {
    this.#config = config();
    this.#metrics = metrics;
    this.#platform = platform;
    this.#memory = new RequestMemory(this.#config.queuedMaxRequestBytes);
    this.#limits = new ConnectionLimits({
      values: config,
      clock: platform.clock,
      logger: platform.logger.child({ component: 'network' }),
      accepted: metrics.counter('odradek_connections_accepted_total'),
      refused: metrics.counter('odradek_connections_refused_total'),
    });
  }

  /** Bytes of requests that are not answered yet. */
  get requestMemory(): number {
    return this.#memory.used;
  }

  get connectionCount(): number {
    return [...this.#acceptors.values()].reduce((sum, it) => sum + it.connectionCount, 0);
  }

  /** The port of each listener by name; differs from the configured one where that is 0. */
  get ports(): ReadonlyMap<string, number> {
    return this.#ports;
  }

  /** All or none. Rejects with Node's error, such as code EADDRINUSE, if an address cannot be had. */
  async start(handler: RequestHandler): Promise<void> {
    try {
      await this.#startAll(handler);
    } catch (error) {
      await this.stopAccepting();
      await this.drain(0);
      this.#ports.clear();
      throw error;
    }
  }

  async #startAll(handler: RequestHandler): Promise<void> {
    for (const { name, host, port } of this.#config.listeners) {
      const acceptor = this.#acceptorFor({ listenerName: name, host, port }, handler);
      this.#acceptors.set(name, acceptor);
      this.#ports.set(name, await acceptor.start());
    }
  }

  async stopAccepting(): Promise<void> {
    await Promise.all([...this.#acceptors.values()].map((it) => it.stopAccepting()));
  }

  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#acceptors.values()].map((it) => it.drain(timeoutMs)));
  }

  /** What is registered: the advertised addresses, or those of the instance file by listener name. */
  endpoints(
    advertised: readonly Listener[],
    instance: Instance | null,
  ): readonly RegisteredEndpoint[] {
    return advertised.map((listener) => {
      const given = instance?.listeners.find(({ name }) => name === listener.name);
      const host = given?.host ?? listener.host;
      const port = given?.port ?? listener.port;
      return {
        listenerName: listener.name,
        host: host === '' ? this.#platform.hostName : host,
        port: port === 0 ? (this.#ports.get(listener.name) ?? 0) : port,
        securityProtocol: listener.securityProtocol,
      };
    });
  }

  #acceptorFor(
    address: { readonly listenerName: string; readonly host: string; readonly port: number },
    handler: RequestHandler,
  ): Acceptor {
    const { sockets, clock, timers, logger } = this.#platform;
    const { listeners, interBrokerListenerName } = this.#config;
    return new Acceptor({
      listenerName: address.listenerName,
      host: address.host === '' ? '0.0.0.0' : address.host,
      port: address.port,
      handler,
      requestSizeMax: this.#config.socketRequestMaxBytes,
      idleMsMax: this.#config.connectionsMaxIdleMs,
      backlog: this.#config.socketListenBacklogSize,
      limits: this.#limits,
      isExempt: listeners.length > 1 && address.listenerName === interBrokerListenerName,
      memory: this.#memory,
      sent: this.#metrics.counter('odradek_sent_bytes_total'),
      refused: this.#metrics.counter('odradek_connections_refused_total'),
      sockets,
      clock,
      timers,
      logger: logger.child({ component: 'network', listener: address.listenerName }),
      nextConnectionId: () => (this.#connectionIds += 1),
      transferFor: (socket, options) => this.#transferFor(socket, options),
    });
  }

  #transferFor(socket: ByteSocket, options: TransferOptions): Transfer {
    const { sendfile, isResident, clock, timers } = this.#platform;
    if (sendfile === null || socket.fd < 0) return new BufferedTransfer(socket, options);
    return new SendfileTransfer(socket, { ...options, sendfile, isResident, clock, timers });
  }
}
