/**
 * How the controller reaches brokers: one queue per live broker, so that requests arrive in the
 * order in which they were decided. The broker it runs in is called directly: no wrong address can
 * keep a controller from its own broker.
 *
 * A request is sent again until it is answered or the channel is closed, which happens when the
 * broker's registration goes or the controller ends. Answers with an old controller epoch end the
 * controller.
 */

import type { BrokerConnection, BrokerConnectionOptions } from '../client/broker-connection.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import type { Logger } from '../platform/logger.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import type { Timers } from '../platform/timers.ts';
import { delay } from '../platform/timers.ts';
import { leaderAndIsr } from '../protocol/messages/leader-and-isr.ts';
import { stopReplica } from '../protocol/messages/stop-replica.ts';
import { updateMetadata } from '../protocol/messages/update-metadata.ts';
import type { Api, ResponseOf } from '../protocol/schema/api.ts';
import type { LiveBroker } from './context.ts';
import type {
  LeaderAndIsrRequest,
  StopReplicaRequest,
  UpdateMetadataRequest,
} from './controller-requests.ts';

const RETRY_MS = 200;

export type StopReplicaResponse = ResponseOf<typeof stopReplica>;

/** What every broker does for a controller; the local one without a network between. */
export interface ControlledBroker {
  leaderAndIsr(request: LeaderAndIsrRequest): Promise<ResponseOf<typeof leaderAndIsr>>;
  updateMetadata(request: UpdateMetadataRequest): Promise<ResponseOf<typeof updateMetadata>>;
  stopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse>;
}

/** Versions of what a controller sends, pinned by inter.broker.protocol.version. */
export interface ControllerVersions {
  readonly leaderAndIsr: number;
  readonly updateMetadata: number;
  readonly stopReplica: number;
}

export interface ChannelOptions {
  readonly localBrokerId: number;
  readonly localBroker: ControlledBroker;
  readonly versions: ControllerVersions;
  /** Which of a broker's listeners the controller uses. */
  readonly listenerName: string;
  readonly connect: (
    address: Pick<BrokerConnectionOptions, 'host' | 'port'>,
  ) => Promise<BrokerConnection>;
  readonly timers: Timers;
  readonly logger: Logger;
  /** A broker has seen a newer controller. */
  readonly onDeposed: () => void;
}

export class BrokerChannels {
  readonly #options: ChannelOptions;
  readonly #channels = new Map<number, Channel>();

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  open(broker: LiveBroker): void {
    this.close(broker.id);
    const { localBrokerId, localBroker } = this.#options;
    const target =
      broker.id === localBrokerId ? localBroker : new RemoteBroker(broker, this.#options);
    this.#channels.set(broker.id, new Channel(broker.id, target, this.#options));
  }

  close(brokerId: number): void {
    this.#channels.get(brokerId)?.close();
    this.#channels.delete(brokerId);
  }

  closeAll(): void {
    for (const id of [...this.#channels.keys()]) this.close(id);
  }

  /** Undefined for a broker that is not live. */
  get(brokerId: number): ControlledBroker | undefined {
    return this.#channels.get(brokerId);
  }
}

/** Orders, repeats, and watches for a newer controller. */
class Channel implements ControlledBroker {
  readonly #brokerId: number;
  readonly #target: ControlledBroker;
  readonly #options: ChannelOptions;
  readonly #queue = new SerialQueue();
  readonly #closed = new AbortController();
  #isUnreachable = false;

  constructor(brokerId: number, target: ControlledBroker, options: ChannelOptions) {
    this.#brokerId = brokerId;
    this.#target = target;
    this.#options = options;
  }

  leaderAndIsr(request: LeaderAndIsrRequest): Promise<ResponseOf<typeof leaderAndIsr>> {
    return this.#send(() => this.#target.leaderAndIsr(request));
  }

  updateMetadata(request: UpdateMetadataRequest): Promise<ResponseOf<typeof updateMetadata>> {
    return this.#send(() => this.#target.updateMetadata(request));
  }

  stopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    return this.#send(() => this.#target.stopReplica(request));
  }

  close(): void {
    this.#closed.abort(new Error(`the channel to broker ${String(this.#brokerId)} is closed`));
    if (this.#target instanceof RemoteBroker) this.#target.close();
  }

  #send<R extends { readonly errorCode: number }>(attempt: () => Promise<R>): Promise<R> {
    return this.#queue.run(async () => {
      for (;;) {
        this.#closed.signal.throwIfAborted();
        const answer = await this.#attempt(attempt);
        if (answer === null) continue;
        if (answer.errorCode === ErrorCodes.STALE_CONTROLLER_EPOCH) this.#options.onDeposed();
        return answer;
      }
    });
  }

  /** Null: it failed, and a pause was made before the next attempt. */
  async #attempt<R>(attempt: () => Promise<R>): Promise<R | null> {
    try {
      const answer = await attempt();
      this.#isUnreachable = false;
      return answer;
    } catch (error) {
      const { timers, logger } = this.#options;
      // The end of the term, or of the broker's registration, is no failure.
      this.#closed.signal.throwIfAborted();
      // One line for one time of being unreachable, however many attempts it takes.
      if (!this.#isUnreachable) {
        logger.warn({ err: error, broker: this.#brokerId }, 'controller cannot reach a broker');
      }
      this.#isUnreachable = true;
      await delay(timers, RETRY_MS, this.#closed.signal);
      return null;
    }
  }
}

/** A broker behind the network: one connection, made anew when it was lost. */
class RemoteBroker implements ControlledBroker {
  readonly #broker: LiveBroker;
  readonly #options: ChannelOptions;
  #connection: BrokerConnection | null = null;
  #isClosed = false;

  constructor(broker: LiveBroker, options: ChannelOptions) {
    this.#broker = broker;
    this.#options = options;
  }

  leaderAndIsr(request: LeaderAndIsrRequest): Promise<ResponseOf<typeof leaderAndIsr>> {
    return this.#request(leaderAndIsr, this.#options.versions.leaderAndIsr, request);
  }

  updateMetadata(request: UpdateMetadataRequest): Promise<ResponseOf<typeof updateMetadata>> {
    return this.#request(updateMetadata, this.#options.versions.updateMetadata, request);
  }

  stopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    return this.#request(stopReplica, this.#options.versions.stopReplica, request);
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#connection = null;
  }

  async #request<Req, Res>(api: Api<Req, Res>, version: number, request: Req): Promise<Res> {
    const connection = await this.#connected();
    return connection.send(api, version, request);
  }

  async #connected(): Promise<BrokerConnection> {
    if (this.#connection !== null && !this.#connection.ended) return this.#connection;
    const { listenerName, connect } = this.#options;
    const endpoint = this.#broker.registration.endpoints.find(
      (it) => it.listenerName === listenerName,
    );
    if (endpoint === undefined) {
      throw new Error(`broker ${String(this.#broker.id)} has no listener ${listenerName}`);
    }
    const connection = await connect({ host: endpoint.host, port: endpoint.port });
    if (this.#isClosed) {
      connection.close();
      throw new Error(`the channel to broker ${String(this.#broker.id)} is closed`);
    }
    this.#connection = connection;
    return connection;
  }
}
