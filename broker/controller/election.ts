/**
 * Who is the controller: every broker watches /controller and, while there is none, tries to become
 * it. One term is one session and one Controller; both end together and never come back.
 *
 * A /controller of this broker's id that is there before the first attempt is of a former life, as
 * only who is registered stands for election: it is taken away at once, instead of after the timeout
 * of a session that has no owner any more.
 *
 * The session is the fence: /controller is its ephemeral, and all of the term's writes go through
 * it. The epoch is raised by a versioned set right after winning, before anything else, which also
 * fences controllers of Apache Kafka in the same cluster. An epoch that is seen anywhere and is higher
 * than that of the term ends it; the next one begins above it, even where /controller_epoch was lost.
 */

import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import type { Timers } from '../platform/timers.ts';
import { delay } from '../platform/timers.ts';
import { paths } from '../zookeeper/paths.ts';
import type { NodeData, OpenSession, ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { StandingWatch } from '../zookeeper/watches.ts';
import { watchData } from '../zookeeper/watches.ts';
import {
  decodeController,
  decodeControllerEpoch,
  encodeController,
  encodeControllerEpoch,
} from '../zookeeper/znodes/controller.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';
import type { Controller } from './controller.ts';
import { NewerControllerError } from './newer-controller.ts';

/** Between two attempts: a failure that stays must not raise the epoch without a pause. */
const RETRY_MS = 500;

export interface ElectionOptions {
  readonly brokerId: number;
  /** The broker's own session; its end ends the term. */
  readonly session: ZooKeeperSession;
  /** Opens the session of a term. */
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly makeController: (
    session: ZooKeeperSession,
    epoch: number,
    onFailure: (error: unknown) => void,
  ) => Controller;
}

interface Term {
  readonly session: ZooKeeperSession;
  readonly controller: Controller;
}

export class Election {
  readonly #options: ElectionOptions;
  readonly #changes = new SerialQueue();
  #watch: StandingWatch | null = null;
  readonly #stopped = new AbortController();
  #term: Term | null = null;
  /** The last attempt or term failed. */
  #failed = false;
  /** Until an attempt is made every /controller is somebody else's, or of a former life. */
  #hasStood = false;
  /** The highest that was found outside of /controller_epoch. */
  #epochSeen = 0;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Null: another broker is it, or none. */
  get controller(): Controller | null {
    return this.#term?.controller ?? null;
  }

  /** Whether this broker is the controller, as far as it knows. */
  get isController(): boolean {
    return this.#term !== null;
  }

  /** Of a request to this broker. */
  sawEpoch(controllerEpoch: number): void {
    this.#epochSeen = Math.max(this.#epochSeen, controllerEpoch);
    this.#term?.controller.sawEpoch(controllerEpoch);
  }

  start(): void {
    const { session, logger } = this.#options;
    const onData = (node: NodeData | null): Promise<void> =>
      this.#changes.run(() => this.#onController(node));
    this.#watch = watchData(session, paths.controller, onData, (error) => {
      // Who cannot see the controller go must not stand: on a new session all begins anew.
      logger.error({ err: error }, 'the controller can no longer be watched');
      void session.close();
    });
    void session.ended.then(() => this.#endTerm());
  }

  /** Resigns, so that another broker takes over at once. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the election is over'));
    this.#watch?.stop();
    await this.#changes.idle();
    await this.#endTerm();
  }

  async #onController(node: NodeData | null): Promise<void> {
    if (this.#hasStopped()) return;
    const ours = this.#term?.session.id;
    if (ours !== undefined && node?.stat.ephemeralOwner !== ours) await this.#endTerm();
    if (node === null) await this.#tryToWin();
    else await this.#tellOf(node);
  }

  /** One that cannot be read is somebody's all the same, and only its end matters here. */
  async #tellOf(node: NodeData): Promise<void> {
    const { logger, brokerId: own } = this.#options;
    const brokerId = this.#controllerIn(node);
    if (brokerId === null) return;
    if (brokerId === own && !this.#hasStood) await this.#removeFormer(node);
    else logger.info({ controller: brokerId }, 'controller is known');
  }

  #controllerIn(node: NodeData): number | null {
    try {
      return decodeController(node.data, paths.controller).brokerId;
    } catch (error) {
      if (!(error instanceof ZnodeFormatError)) throw error;
      this.#options.logger.error({ err: error }, 'who is the controller cannot be read');
      return null;
    }
  }

  /** Its going is the change that lets all brokers stand. What fails here is left to the session's timeout. */
  async #removeFormer({ stat }: NodeData): Promise<void> {
    const { session, logger } = this.#options;
    try {
      // Every /controller has version 0: so that it is still this one is looked at right before.
      const present = await session.exists(paths.controller);
      if (present?.czxid !== stat.czxid) return;
      logger.warn(
        { session: stat.ephemeralOwner },
        'the controller was a former life of this broker',
      );
      await session.remove(paths.controller, stat.version);
    } catch (error) {
      if (!isCode(error, 'NO_NODE') && !this.#hasStopped())
        logger.warn({ err: error }, 'the former controller could not be removed');
    }
  }

  /** Until somebody is the controller: a failed attempt leaves no change that a watch could tell of. */
  async #tryToWin(): Promise<void> {
    const { session, logger } = this.#options;
    this.#hasStood = true;
    try {
      do {
        if (this.#failed) await this.#pause();
        this.#failed = !(await this.#attempt());
      } while (this.#failed && (await session.exists(paths.controller)) === null);
    } catch (error) {
      if (!this.#hasStopped()) logger.warn({ err: error }, 'election is given up');
    }
  }

  #hasStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  #pause(): Promise<void> {
    return delay(this.#options.timers, RETRY_MS, this.#stopped.signal);
  }

  /** False if the attempt failed; whoever is the controller otherwise. */
  async #attempt(): Promise<boolean> {
    let session: ZooKeeperSession | null = null;
    try {
      session = await this.#options.openSession(this.#stopped.signal);
      const epoch = await this.#win(session);
      if (epoch === null || this.#hasStopped()) await session.close();
      else this.#beginTerm(session, epoch);
      return true;
    } catch (error) {
      this.#stopped.signal.throwIfAborted();
      this.#options.logger.warn({ err: error }, 'election failed');
      await session?.close();
      return false;
    }
  }

  /** The epoch of the term; null if another broker was faster. */
  async #win(session: ZooKeeperSession): Promise<number | null> {
    const { brokerId, clock } = this.#options;
    try {
      await session.create(paths.controllerEpoch, encodeControllerEpoch(0));
    } catch (error) {
      if (!isCode(error, 'NODE_EXISTS')) throw error;
    }
    try {
      const data = encodeController({ brokerId, timestampMs: clock.nowMs() });
      await session.create(paths.controller, data, { ephemeral: true });
    } catch (error) {
      if (isCode(error, 'NODE_EXISTS')) return null;
      throw error;
    }
    return this.#raiseEpoch(session);
  }

  async #raiseEpoch(session: ZooKeeperSession): Promise<number | null> {
    for (;;) {
      const node = await session.get(paths.controllerEpoch);
      if (node === null) throw new Error(`${paths.controllerEpoch} is gone`);
      const last = decodeControllerEpoch(node.data, paths.controllerEpoch);
      const epoch = Math.max(last, this.#epochSeen) + 1;
      try {
        await session.set(paths.controllerEpoch, encodeControllerEpoch(epoch), node.stat.version);
        return epoch;
      } catch (error) {
        if (!isCode(error, 'BAD_VERSION')) throw error;
      }
      const owner = (await session.exists(paths.controller))?.ephemeralOwner;
      if (owner !== session.id) return null;
    }
  }

  #beginTerm(session: ZooKeeperSession, epoch: number): void {
    const { makeController, logger, brokerId } = this.#options;
    logger.info({ controller: brokerId, epoch }, 'elected controller');
    const controller = makeController(session, epoch, (error) => {
      logger.error({ err: error }, 'the controller gives up its term');
      if (error instanceof NewerControllerError) this.sawEpoch(error.controllerEpoch);
      this.#failed = true;
      void this.#changes.run(() => this.#endTerm());
    });
    this.#term = { session, controller };
    void session.ended.then((reason) => {
      if (reason !== 'closed') void this.#changes.run(() => this.#endTerm());
    });
    controller.start();
  }

  async #endTerm(): Promise<void> {
    const term = this.#term;
    if (term === null) return;
    this.#term = null;
    term.controller.stop();
    await term.session.close();
  }
}

function isCode(error: unknown, code: ZooKeeperError['code']): boolean {
  return error instanceof ZooKeeperError && error.code === code;
}
