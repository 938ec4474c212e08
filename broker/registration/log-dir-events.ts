/**
 * Tells the controller that a log.dir of this broker failed, by a node below
 * /log_dir_event_notification: the controller then asks for every replica by LeaderAndIsr and is
 * answered KAFKA_STORAGE_ERROR for those that are lost. Without a connection it is tried again, on
 * whatever session there is then, until the broker stops; a node too many does no harm.
 */

import type { Logger } from '../platform/logger.ts';
import type { Timer, Timers } from '../platform/timers.ts';
import { paths } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { encodeLogDirEvent } from '../zookeeper/znodes/log-dir-event.ts';

const RETRY_MS = 1000;

export interface LogDirEventsOptions {
  readonly brokerId: number;
  /** The present one. */
  readonly session: () => ZooKeeperSession;
  readonly timers: Timers;
  readonly logger: Logger;
}

export class LogDirEvents {
  readonly #options: LogDirEventsOptions;
  #retry: Timer | null = null;
  #isStopped = false;

  constructor(options: LogDirEventsOptions) {
    this.#options = options;
  }

  async report(): Promise<void> {
    const { brokerId, session, timers, logger } = this.#options;
    if (this.#hasStopped()) return;
    try {
      const data = encodeLogDirEvent(brokerId);
      await session().create(paths.logDirEventPrefix, data, { sequential: true });
    } catch (error) {
      if (this.#hasStopped()) return;
      logger.warn({ err: error }, 'the controller could not be told of a log.dir that failed');
      this.#retry ??= timers.after(RETRY_MS, () => {
        this.#retry = null;
        void this.report();
      });
    }
  }

  /** Read after an await, where the compiler would take the earlier value for granted. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  /** No further attempts. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#retry = null;
  }
}
