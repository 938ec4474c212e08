/**
 * This broker's znode in /brokers/ids: made when a session begins, its data set again when listeners
 * or rack change, so that its czxid, which is the broker's epoch, stays.
 *
 * A znode that is already there belongs to another session. If it names the addresses of this broker,
 * it is what an earlier life of it left behind, and is taken away; otherwise another broker has the
 * id, and the start fails with a line that says which.
 */

import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import { brokerPath } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { RegisteredEndpoint } from '../zookeeper/znodes/broker-registration.ts';
import {
  decodeBrokerRegistration,
  encodeBrokerRegistration,
} from '../zookeeper/znodes/broker-registration.ts';

export interface Registered {
  readonly endpoints: readonly RegisteredEndpoint[];
  readonly rack: string | null;
}

export interface RegistrationOptions {
  readonly brokerId: number;
  /** 4 below inter.broker.protocol.version 2.7, which knows no features. */
  readonly version: 4 | 5;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #changes = new SerialQueue();
  #session: ZooKeeperSession | null = null;
  #epoch: number | null = null;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** The czxid of the znode; null while this broker is not registered. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /** Rejects if another broker has this id, or with a ZooKeeperError. */
  register(session: ZooKeeperSession, broker: Registered): Promise<void> {
    return this.#changes.run(async () => {
      const path = brokerPath(this.#options.brokerId);
      await this.#create(session, path, broker);
      const stat = await session.exists(path);
      if (stat?.ephemeralOwner !== session.id) throw new Error(`${path} was taken away`);
      this.#session = session;
      this.#epoch = stat.czxid;
      void session.ended.then(() => this.#forget(session));
      this.#options.logger.info({ epoch: stat.czxid, ...broker }, 'broker registered');
    });
  }

  /** Sets other listeners or another rack in the znode there is. */
  update(broker: Registered): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#session === null) return;
      await this.#session.set(brokerPath(this.#options.brokerId), this.#encode(broker), -1);
      this.#options.logger.info({ ...broker }, 'broker registered again with other addresses');
    });
  }

  #forget(session: ZooKeeperSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    this.#epoch = null;
  }

  async #create(session: ZooKeeperSession, path: string, broker: Registered): Promise<void> {
    for (;;) {
      try {
        await session.create(path, this.#encode(broker), { ephemeral: true });
        return;
      } catch (error) {
        if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
        await this.#removeOwn(session, path, broker);
      }
    }
  }

  async #removeOwn(session: ZooKeeperSession, path: string, broker: Registered): Promise<void> {
    const node = await session.get(path);
    if (node === null) return;
    const found = decodeBrokerRegistration(node.data, path).endpoints.map(urlOf).sort().join();
    const ours = broker.endpoints.map(urlOf).sort().join();
    if (found !== ours) {
      throw new Error(
        `broker.id ${String(this.#options.brokerId)} is in use: ${path} is registered with ${found}, this broker has ${ours}. Give each broker an id of its own, or stop the other one.`,
      );
    }
    this.#options.logger.warn({ path }, 'an earlier registration of this broker is removed');
    try {
      await session.remove(path, node.stat.version);
    } catch (error) {
      const isGone =
        error instanceof ZooKeeperError && ['NO_NODE', 'BAD_VERSION'].includes(error.code);
      if (!isGone) throw error;
    }
  }

  #encode(broker: Registered): Buffer {
    const { version, clock } = this.#options;
    return encodeBrokerRegistration({
      ...broker,
      version,
      jmxPort: -1,
      timestampMs: clock.nowMs(),
    });
  }
}

function urlOf({ listenerName, host, port }: RegisteredEndpoint): string {
  return `${listenerName}://${host}:${String(port)}`;
}
