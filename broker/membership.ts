/**
 * This broker's membership in its cluster, ZooKeeper session after session: configuration is
 * followed, the broker is registered, and it stands for election. When a session expires all of that
 * ends with it, and begins anew on the next one.
 */

import type { ConfigStore } from './config-store/config-store.ts';
import { Election } from './controller/election.ts';
import type { Controller } from './controller/controller.ts';
import type { Clock } from './platform/clock.ts';
import type { Logger } from './platform/logger.ts';
import type { Timers } from './platform/timers.ts';
import { delay } from './platform/timers.ts';
import type { Registered, Registration } from './registration/registration.ts';
import type { OpenSession, ZooKeeperSession } from './zookeeper/port.ts';
import { ZooKeeperError } from './zookeeper/port.ts';

const RETRY_MS = 1000;

export interface MembershipOptions {
  readonly brokerId: number;
  readonly openSession: OpenSession;
  readonly configs: ConfigStore;
  readonly registration: Registration;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly makeController: (
    session: ZooKeeperSession,
    epoch: number,
    onFailure: (error: unknown) => void,
  ) => Controller;
  /** Membership cannot be had back: another broker has taken the id. */
  readonly onFatal: (error: unknown) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #stopped = new AbortController();
  #session: ZooKeeperSession;
  #election: Election | null = null;
  #registered: Registered | null = null;
  #following: Promise<void> = Promise.resolve();

  /** `session` is the first one; membership owns it from now on. */
  constructor(session: ZooKeeperSession, options: MembershipOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** The present session; calls on one that has ended fail with SESSION_ENDED. */
  get session(): ZooKeeperSession {
    return this.#session;
  }

  /** Of the cluster, as this broker's controller sees it; 0 where another broker is the controller. */
  get offlinePartitionCount(): number {
    return this.#election?.controller?.offlinePartitionCount ?? 0;
  }

  /** As Controller.delivered(); at once where this broker is not the controller. */
  async delivered(timeoutMs: number): Promise<void> {
    await this.#election?.controller?.delivered(timeoutMs);
  }

  get isController(): boolean {
    return this.#election?.isController ?? false;
  }

  /** Null where another broker is it. */
  get controller(): Controller | null {
    return this.#election?.controller ?? null;
  }

  /** Another controller's epoch has been seen in a request: that may end the term of this broker. */
  sawControllerEpoch(controllerEpoch: number): void {
    this.#election?.sawEpoch(controllerEpoch);
  }

  /** Registers and stands for election. Rejects if another broker has this id. */
  async join(registered: Registered): Promise<void> {
    this.#registered = registered;
    await this.#joinWith(this.#session);
    this.#following = this.#follow();
  }

  /** These addresses and this rack from now on; false if that is no change. */
  async update(registered: Registered): Promise<boolean> {
    if (JSON.stringify(registered) === JSON.stringify(this.#registered)) return false;
    this.#registered = registered;
    await this.#options.registration.update(registered);
    return true;
  }

  /** Resigns and leaves: the znodes of this broker are gone afterwards. */
  async leave(): Promise<void> {
    this.#stopped.abort(new Error('the broker leaves its cluster'));
    await this.#election?.stop();
    this.#options.configs.stop();
    await this.#session.close();
    // A session that was opened meanwhile is closed there.
    await this.#following;
  }

  #hasStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #follow(): Promise<void> {
    while (!this.#hasStopped()) {
      const end = await this.#session.ended;
      if (this.#hasStopped()) return;
      this.#options.logger.warn({ session: this.#session.id, end }, 'ZooKeeper session is over');
      await this.#election?.stop();
      try {
        // Closed by this broker itself, which could not go on with it: not at once again.
        if (end === 'closed') await delay(this.#options.timers, RETRY_MS, this.#stopped.signal);
        await this.#rejoin();
      } catch (error) {
        if (!this.#hasStopped()) this.#options.onFatal(error);
        return;
      }
    }
  }

  /** On a new session, and on yet another one if that ends, or fails, before all is done. */
  async #rejoin(): Promise<void> {
    for (;;) {
      const session = await this.#newSession();
      try {
        this.#stopped.signal.throwIfAborted();
        await this.#options.configs.attach(session);
        this.#stopped.signal.throwIfAborted();
        this.#session = session;
        await this.#joinWith(session);
        return;
      } catch (error) {
        await session.close();
        this.#stopped.signal.throwIfAborted();
        if (!(error instanceof ZooKeeperError)) throw error;
        await this.#pause(error);
      }
    }
  }

  async #newSession(): Promise<ZooKeeperSession> {
    for (;;) {
      try {
        return await this.#options.openSession(this.#stopped.signal);
      } catch (error) {
        this.#stopped.signal.throwIfAborted();
        await this.#pause(error);
      }
    }
  }

  async #pause(error: unknown): Promise<void> {
    this.#options.logger.warn({ err: error }, 'ZooKeeper cannot be reached');
    await delay(this.#options.timers, RETRY_MS, this.#stopped.signal);
  }

  async #joinWith(session: ZooKeeperSession): Promise<void> {
    const { registration, brokerId, openSession, clock, timers, logger, makeController } =
      this.#options;
    if (this.#registered !== null) await registration.register(session, this.#registered);
    this.#stopped.signal.throwIfAborted();
    this.#election = new Election({
      brokerId,
      session,
      openSession,
      clock,
      timers,
      logger,
      makeController,
    });
    this.#election.start();
  }
}
