/**
 * Connections to the brokers of one cluster, opened when first needed. The operator knows where each
 * broker is; what the brokers advertise to others plays no part.
 */

import { BrokerConnection, ConnectionError } from '../../broker/client/broker-connection.ts';
import type { Sockets } from '../../broker/platform/socket.ts';
import type { Timers } from '../../broker/platform/timers.ts';
import type { Api } from '../../broker/protocol/schema/api.ts';
import { KafkaError } from '../../broker/model/kafka-error.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import type { AdminBroker } from './port.ts';

export interface BrokerConnectionsOptions {
  readonly brokers: readonly AdminBroker[];
  readonly sockets: Sockets;
  readonly timers: Timers;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export class BrokerConnections {
  readonly #options: BrokerConnectionsOptions;
  readonly #open = new Map<number, Promise<BrokerConnection>>();

  constructor(options: BrokerConnectionsOptions) {
    this.#options = options;
  }

  /**
   * Asks the first broker that answers, `preferred` before the others. Rejects with a ConnectionError
   * that says of each why it did not.
   */
  async sendToAny<Req, Res>(
    api: Api<Req, Res>,
    request: Req,
    preferred: number | null = null,
  ): Promise<Res> {
    const { brokers } = this.#options;
    const first = brokers.filter(({ id }) => id === preferred);
    const failures: ConnectionError[] = [];
    for (const broker of [...first, ...brokers.filter(({ id }) => id !== preferred)]) {
      try {
        return await this.#send(broker, api, request);
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        failures.push(error);
      }
    }
    const said = failures.map(({ message }) => message).join('; ');
    throw new ConnectionError(said === '' ? 'no broker is known' : said, {
      cause: failures.at(-1),
    });
  }

  /** Rejects with a ConnectionError also if the broker is not among those that are known. */
  async sendToController<Req, Res>(id: number, api: Api<Req, Res>, request: Req): Promise<Res> {
    const broker = this.#options.brokers.find((each) => each.id === id);
    if (broker === undefined) {
      throw new ConnectionError(`broker ${String(id)}, the controller, is not ready`);
    }
    return this.#send(broker, api, request);
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    for (const each of opened) if (each.status === 'fulfilled') each.value.close();
  }

  async #send<Req, Res>(broker: AdminBroker, api: Api<Req, Res>, request: Req): Promise<Res> {
    try {
      const connection = await this.#connectionTo(broker);
      const version = await connection.commonVersion(api);
      if (version !== null) return await connection.send(api, version, request);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const where = `broker ${String(broker.id)} at ${broker.host}:${String(broker.port)}`;
      throw new ConnectionError(`${where}: ${error.message}`, { cause: error });
    }
    const message = `broker ${String(broker.id)} does not serve ${api.name}`;
    throw new KafkaError(ErrorCodes.UNSUPPORTED_VERSION, message);
  }

  async #connectionTo(broker: AdminBroker): Promise<BrokerConnection> {
    const known = await this.#open.get(broker.id);
    if (known?.ended === false) return known;
    const { sockets, timers, connectTimeoutMs, requestTimeoutMs } = this.#options;
    const { host, port } = broker;
    const clientId = 'odradek-operator';
    const opening = BrokerConnection.open({
      host,
      port,
      clientId,
      sockets,
      timers,
      connectTimeoutMs,
      requestTimeoutMs,
    });
    this.#open.set(broker.id, opening);
    return opening.catch((error: unknown) => {
      this.#open.delete(broker.id);
      throw error;
    });
  }
}
