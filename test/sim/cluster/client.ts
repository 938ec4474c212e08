/**
 * What producers, consumers and admins of the simulated cluster share: where the leaders are, as some
 * broker says, and a connection to each broker. As Kafka's clients it believes a leader epoch that is
 * older than one it knows to nobody, unless it is of another topic of that name.
 */

import { BrokerConnection, ConnectionError } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import type { Api } from '../../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import type { HostNetwork } from '../../support/sim/host-network.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import { BROKER_PORT } from './simulated-broker.ts';

const CONNECT_TIMEOUT_MS = 1000;
const REQUEST_TIMEOUT_MS = 4000;
const METADATA_VERSION = 12;

export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly network: HostNetwork;
  readonly brokerCount: number;
}

export interface Leader {
  readonly id: number;
  readonly epoch: number;
}

interface KnownLeader extends Leader {
  readonly topicId: string;
}

export class ClusterClient {
  readonly name: string;
  readonly #world: ClientWorld;
  readonly #connections = new Map<number, Promise<BrokerConnection>>();
  readonly #leaders = new Map<string, KnownLeader>();

  constructor(name: string, world: ClientWorld) {
    this.name = name;
    this.#world = world;
  }

  /** Null: nobody is known to be it. */
  async leaderOf(topic: string, partition: number): Promise<Leader | null> {
    const known = this.#leaders.get(keyOf(topic, partition));
    if (known !== undefined) return known;
    await this.refresh(topic);
    return this.#leaders.get(keyOf(topic, partition)) ?? null;
  }

  forgetLeaders(): void {
    for (const [key, known] of this.#leaders) this.#leaders.set(key, { ...known, id: -1 });
  }

  /** Asks some broker; what does not answer is passed over. */
  async refresh(topic: string): Promise<void> {
    const answer = await this.ask(null, metadata, METADATA_VERSION, {
      ...metadata.request.initial,
      topics: [{ name: topic, topicId: ZERO_UUID }],
      allowAutoTopicCreation: false,
    });
    const about = answer?.topics[0];
    const topicId = about?.topicId ?? ZERO_UUID;
    for (const found of about?.partitions ?? []) {
      if (found.errorCode !== ErrorCodes.NONE) continue;
      const key = keyOf(topic, found.partitionIndex);
      const known = this.#leaders.get(key);
      if (known?.topicId === topicId && found.leaderEpoch < known.epoch) continue;
      this.#leaders.set(key, { id: found.leaderId, epoch: found.leaderEpoch, topicId });
    }
  }

  /** Null: no answer. To any broker where `brokerId` is null. */
  async ask<Req, Res>(
    brokerId: number | null,
    api: Api<Req, Res>,
    version: number,
    request: Req,
  ): Promise<Res | null> {
    const { scheduler, brokerCount } = this.#world;
    const connection = await this.connection(brokerId ?? scheduler.random.integer(brokerCount));
    return connection === null ? null : answered(connection.send(api, version, request));
  }

  /** Null: it cannot be reached. */
  connection(brokerId: number): Promise<BrokerConnection | null> {
    return answered(this.#connected(brokerId));
  }

  /** As Kafka's clients: longer each time, and never all at the same time. */
  async backOff(attempt: number): Promise<void> {
    const { scheduler } = this.#world;
    const longestMs = Math.min(20 * 2 ** attempt, 400);
    await scheduler.pause(10 + scheduler.random.integer(longestMs));
  }

  close(): void {
    for (const opening of this.#connections.values()) {
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      );
    }
    this.#connections.clear();
  }

  /** One at a time: what is sent together keeps its order. */
  async #connected(brokerId: number): Promise<BrokerConnection> {
    const known = this.#connections.get(brokerId);
    if (known !== undefined) {
      const connection = await known.catch(() => null);
      if (connection?.ended === false) return connection;
      if (this.#connections.get(brokerId) !== known) return this.#connected(brokerId);
    }
    const opening = this.#open(brokerId);
    this.#connections.set(brokerId, opening);
    return opening;
  }

  #open(brokerId: number): Promise<BrokerConnection> {
    const { scheduler, network } = this.#world;
    return BrokerConnection.open({
      host: `broker-${String(brokerId)}`,
      port: BROKER_PORT,
      clientId: this.name,
      sockets: network.socketsOf({ host: 'client', life: scheduler.world }),
      timers: scheduler.timers(scheduler.world),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
  }
}

/** Null where there is no answer; on a connection what is sent in one turn keeps its order. */
export async function answered<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return null;
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}-${String(partition)}`;
}
