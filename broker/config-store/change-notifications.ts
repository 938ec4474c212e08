/**
 * /config/changes: who changes a configuration leaves a numbered notification there, and every broker
 * reads the entity that it names again. Notifications live for 15 minutes after this broker has first
 * seen them and go when the next change arrives, so that the list stays short and a broker that was
 * away for a moment still finds them. (Kafka counts from their creation, by another clock.)
 *
 * One object for one session; it ends with it. Callbacks never overlap.
 */

import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { paths } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { StandingWatch } from '../zookeeper/watches.ts';
import { watchChildren } from '../zookeeper/watches.ts';
import { decodeConfigChange } from '../zookeeper/znodes/entity-config.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';

const lifetimeMs = 15 * 60 * 1000;

export interface ChangeNotificationsOptions {
  readonly session: ZooKeeperSession;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when changes from now on will be seen: everything is to be read. */
  readonly onStart: () => Promise<void>;
  /** An entity as paths.ts writes them, such as `topics/orders`. */
  readonly onChange: (entityPath: string) => Promise<void>;
}

export class ChangeNotifications {
  readonly #options: ChangeNotificationsOptions;
  /** When each was first seen; those that are gone from ZooKeeper are gone from here. */
  #seenAtMs = new Map<string, number>();
  #watch: StandingWatch | null = null;
  #ended = false;
  /** Rejects what start() returned; without effect once that is settled. */
  #fail: (reason: Error) => void = () => undefined;
  /** Whoever waits for the connection: at most the one callback that runs. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: ChangeNotificationsOptions) {
    this.#options = options;
  }

  /** Resolves when onStart() is done; rejects if reading failed until then. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { session, logger } = this.#options;
      let started = false;
      this.#fail = reject;
      session.onConnection((connected) => {
        if (connected) this.#wake();
      });
      void session.ended.then((end) => {
        this.#ended = true;
        this.#wake();
        const cause = new Error(`the session is over: ${end}`);
        reject(new ZooKeeperError('SESSION_ENDED', paths.configChanges, { cause }));
      });
      this.#watch = watchChildren(
        session,
        paths.configChanges,
        async (names) => {
          if (started) return this.#insist(() => this.#onNames(names ?? []));
          this.#remember(names ?? []);
          await this.#insist(this.#options.onStart);
          started = true;
          resolve();
        },
        (error) => {
          if (started) {
            // All is read again on a new session; going on with what is known would never end.
            logger.error({ err: error }, 'configuration changes are not seen any more');
            void session.close();
          }
          reject(error instanceof Error ? error : new Error('reading configuration failed'));
        },
      );
    });
  }

  /** Idempotent. */
  stop(): void {
    this.#ended = true;
    this.#wake();
    this.#watch?.stop();
    this.#fail(new Error('the configuration store was stopped'));
  }

  /** Remembered only when all are read: a lost connection has them read again. */
  async #onNames(names: readonly string[]): Promise<void> {
    const fresh = names.filter((name) => !this.#seenAtMs.has(name)).sort();
    for (const name of fresh) await this.#read(name);
    this.#remember(names);
    if (fresh.length > 0) await this.#purge();
  }

  /** Again after each loss of the connection, until the session ends: what changed must be read. */
  async #insist(task: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await task();
        return;
      } catch (error) {
        if (!(error instanceof ZooKeeperError)) throw error;
        if (error.code === 'SESSION_ENDED' || this.#ended) return;
        if (error.code !== 'CONNECTION_LOSS') throw error;
        await this.#connected();
      }
    }
  }

  /** Resolves when the session is connected, or over. */
  #connected(): Promise<void> {
    if (this.#options.session.connected || this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #remember(names: readonly string[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#seenAtMs = new Map(names.map((name) => [name, this.#seenAtMs.get(name) ?? nowMs]));
  }

  async #read(name: string): Promise<void> {
    const path = `${paths.configChanges}/${name}`;
    const { session, logger, onChange } = this.#options;
    const node = await session.get(path);
    if (node === null) return;
    try {
      await onChange(decodeConfigChange(node.data, path));
    } catch (error) {
      if (!(error instanceof ZnodeFormatError)) throw error;
      logger.warn({ err: error, path }, 'a configuration change is not understood');
    }
  }

  async #purge(): Promise<void> {
    const bornBeforeMs = this.#options.clock.monotonicMs() - lifetimeMs;
    for (const [name, seenAtMs] of this.#seenAtMs) {
      if (seenAtMs >= bornBeforeMs) continue;
      try {
        await this.#options.session.remove(`${paths.configChanges}/${name}`, -1);
      } catch (error) {
        // Every broker purges: another one was faster.
        if (!(error instanceof ZooKeeperError) || error.code !== 'NO_NODE') throw error;
      }
      this.#seenAtMs.delete(name);
    }
  }
}
