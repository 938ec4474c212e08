/**
 * Copies from one leader broker what its followers here need: one request at a time, over one
 * connection, which is made anew when it is lost. Owner: the fetcher manager.
 *
 * A round: partitions whose logs may have parted from the leader's are compared first, then one fetch
 * is sent for all that can take records. What fails of one partition makes that one wait; what fails
 * of the connection makes all wait. The next fetch is sent when what the last one brought is in the
 * files; a partition whose disk takes long is left out meanwhile.
 *
 * `add` and `remove` may be called at any time: the answer to a request that is under way then is not
 * taken by partitions that it did not ask for. A fetch that only waits at the leader when a partition
 * joins is given up: a leader commits nothing without its followers, and it serves one request of a
 * connection after the other. That also ends the wait for a leader that came back elsewhere.
 */

import type { BrokerAddress } from '../../client/broker-connection.ts';
import { ErrorCodes, errorName } from '../../model/error-codes.ts';
import { abortable } from '../../platform/abortable.ts';
import type { Timer } from '../../platform/timers.ts';
import { delay } from '../../platform/timers.ts';
import { FetchAgenda } from './fetch-agenda.ts';
import { FetchAnswers } from './fetch-answers.ts';
import type { FetcherManagerOptions, LeaderConnection } from './fetcher-options.ts';
import type { FetchResponse } from './fetch-session.ts';
import { FetchSession } from './fetch-session.ts';
import type { FollowedPartition } from './followed-partition.ts';
import { LeaderLink } from './leader-link.ts';
import { LogComparison } from './log-comparison.ts';
import { backoffAfter } from './partition-trouble.ts';

/** A fetcher that nobody needs is kept for so long: leaders often come back. */
const IDLE_MS = 10_000;
const ADDRESS_WAIT_MS = 5000;
/** How long a fetch may wait at the leader while partitions join: they rarely come alone. */
const JOINING_WAIT_MS = 20;
const JOINING_MS = 1000;

export interface ReplicaFetcherOptions extends FetcherManagerOptions {
  readonly leaderId: number;
  /** It has had nothing to do for a while. */
  readonly onIdle: () => void;
}

interface WaitingFetch {
  /** Set by the first partition that has joined since. */
  timer: Timer | null;
  isGivenUp: boolean;
}

export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions;
  readonly #session = new FetchSession();
  readonly #agenda: FetchAgenda;
  readonly #comparison: LogComparison;
  readonly #answers: FetchAnswers;
  readonly #stopping = new AbortController();
  #link: LeaderLink | null = null;
  /** That of the link, also before it is one. */
  #connection: LeaderConnection | null = null;
  #address: BrokerAddress | null = null;
  #joiningUntilMs = -Infinity;
  /** Null: no fetch is under way that may wait at the leader for long. */
  #waiting: WaitingFetch | null = null;
  #running: Promise<void> = Promise.resolve();
  /** Since the last answer. */
  #failureCount = 0;
  #isLost = false;
  #wake: (() => void) | null = null;

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options;
    this.#agenda = new FetchAgenda({ ...options, session: this.#session });
    this.#comparison = new LogComparison(options.logger);
    this.#answers = new FetchAnswers({
      ...options,
      agenda: this.#agenda,
      session: this.#session,
      onWritten: () => this.#wake?.(),
    });
  }

  start(): void {
    this.#running = this.#run();
  }

  add(followed: FollowedPartition): void {
    const { clock, timers } = this.#options;
    this.#agenda.add(followed);
    this.#joiningUntilMs = clock.monotonicMs() + JOINING_MS;
    this.#wake?.();
    const waiting = this.#waiting;
    if (waiting === null) return;
    waiting.timer ??= timers.after(JOINING_WAIT_MS, () => {
      waiting.isGivenUp = true;
      this.#disconnect();
    });
  }

  /** Resolves when a change of its log that has begun has ended. */
  remove(followed: FollowedPartition): Promise<void> {
    followed.isRemoved = true;
    this.#agenda.remove(followed);
    // A fetcher with nothing left to do has to notice.
    this.#wake?.();
    return followed.idle();
  }

  /** Resolves when it changes no log any more. */
  async stop(): Promise<void> {
    for (const followed of this.#agenda.partitions) followed.isRemoved = true;
    this.#stopping.abort(new Error('the fetcher stops'));
    this.#disconnect();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        this.#disconnect();
        if (this.#isStopping()) return;
        await this.#noteLost(error);
      }
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #round(): Promise<void> {
    this.#agenda.update();
    if (!this.#agenda.hasWork) await this.#pause();
    else if (this.#link === null || this.#link.isOver || this.#hasMoved()) await this.#connect();
    else if (this.#agenda.toCompareCount > 0) await this.#compare(this.#link);
    else await this.#fetch(this.#link);
  }

  async #compare(link: LeaderLink): Promise<void> {
    const partitions = this.#agenda.takeToCompare();
    try {
      await this.#comparison.run(link, partitions);
    } finally {
      for (const followed of partitions) if (!followed.isRemoved) this.#agenda.touch(followed);
    }
    this.#noteFound();
  }

  async #fetch(link: LeaderLink): Promise<void> {
    const { settings, brokerEpoch } = this.#options;
    const { bytesMin, responseBytesMax } = settings();
    const usesIds = link.takesTopicIds && this.#session.allHaveIds;
    const maxWaitMs = this.#waitMs();
    const asking = link.fetch(
      {
        clusterId: null,
        maxWaitMs,
        minBytes: bytesMin,
        maxBytes: responseBytesMax,
        isolationLevel: 0,
        rackId: '',
        ...this.#session.next(usesIds),
      },
      { brokerEpoch: brokerEpoch() ?? -1, usesIds },
    );
    const answer = await (maxWaitMs > JOINING_WAIT_MS ? this.#unlessGivenUp(asking) : asking);
    if (answer === null) return;
    this.#noteFound();
    if (this.#isStopping()) return;
    if (answer.errorCode !== ErrorCodes.NONE) await this.#noteRefused(answer.errorCode);
    else {
      this.#failureCount = 0;
      this.#session.noteAnswer(answer.sessionId);
      await this.#answers.take(answer, usesIds);
    }
  }

  /** Partitions that join, or that are due, are asked for with the next fetch. */
  #waitMs(): number {
    const { settings, clock } = this.#options;
    const { waitMsMax } = settings();
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#joiningUntilMs) return Math.min(waitMsMax, JOINING_WAIT_MS);
    const dueMs = this.#agenda.nextDueMs();
    return dueMs === null ? waitMsMax : Math.min(waitMsMax, Math.max(0, Math.ceil(dueMs - nowMs)));
  }

  /** Null: it was, and with it the connection. */
  async #unlessGivenUp(asking: Promise<FetchResponse>): Promise<FetchResponse | null> {
    const waiting: WaitingFetch = { timer: null, isGivenUp: false };
    this.#waiting = waiting;
    try {
      return await asking;
    } catch (error) {
      if (waiting.isGivenUp) return null;
      throw error;
    } finally {
      waiting.timer?.cancel();
      this.#waiting = null;
    }
  }

  /** The session is gone: at once a full fetch, and with a pause where that is refused, too. */
  async #noteRefused(errorCode: number): Promise<void> {
    if (errorCode === ErrorCodes.FETCH_SESSION_ID_NOT_FOUND) this.#session.reset();
    else this.#session.restart();
    this.#failureCount += 1;
    if (this.#failureCount === 1) return;
    const { logger } = this.#options;
    logger.warn({ error: errorName(errorCode) }, 'leader refuses fetches');
    await this.#backOff();
  }

  /** Or waits until the leader has an address. */
  async #connect(): Promise<void> {
    const { brokerId, leaderId, versions, addressOf, whenAddressKnown, connect } = this.#options;
    const { signal } = this.#stopping;
    const address = addressOf(leaderId);
    if (address === undefined) {
      await abortable(whenAddressKnown(leaderId, ADDRESS_WAIT_MS), signal);
      return;
    }
    this.#disconnect();
    this.#address = address;
    const opening = connect(address).then((connection) => {
      if (signal.aborted) connection.close();
      signal.throwIfAborted();
      this.#connection = connection;
      return LeaderLink.open({ brokerId, connection, newest: versions });
    });
    this.#link = await abortable(opening, signal);
    this.#session.reset();
    this.#agenda.restart();
  }

  /** The leader has registered another address since: nobody is at the old one, or somebody else. */
  #hasMoved(): boolean {
    const { addressOf, leaderId } = this.#options;
    const now = addressOf(leaderId);
    if (now === undefined || this.#address === null) return false;
    return now.host !== this.#address.host || now.port !== this.#address.port;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#link = null;
  }

  #noteFound(): void {
    const { logger } = this.#options;
    if (this.#isLost) logger.info({}, 'leader can be reached again');
    this.#isLost = false;
  }

  /** One line for one time of being away, however many attempts it takes. */
  async #noteLost(error: unknown): Promise<void> {
    const { logger } = this.#options;
    if (!this.#isLost) logger.warn({ err: error }, 'leader cannot be reached');
    this.#isLost = true;
    this.#failureCount += 1;
    await this.#backOff();
  }

  async #backOff(): Promise<void> {
    const { timers, settings } = this.#options;
    const pauseMs = backoffAfter(this.#failureCount, settings().backoffMs);
    await delay(timers, pauseMs, this.#stopping.signal).catch(() => undefined);
  }

  /** Until something is added, removed or written, a partition is due, or the fetcher is not needed. */
  async #pause(): Promise<void> {
    const { timers, clock, onIdle } = this.#options;
    const dueMs = this.#agenda.nextDueMs();
    const isIdle = this.#agenda.size === 0;
    const pauseMs = isIdle ? IDLE_MS : dueMs === null ? null : dueMs - clock.monotonicMs();
    const isOver = await new Promise<boolean>((resolve) => {
      const { signal } = this.#stopping;
      const end = (isTimeOver: boolean): void => {
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#wake = null;
        resolve(isTimeOver);
      };
      const onAbort = (): void => end(false);
      const timer = pauseMs === null ? null : timers.after(Math.max(0, pauseMs), () => end(true));
      signal.addEventListener('abort', onAbort);
      this.#wake = () => end(false);
    });
    if (isOver && this.#agenda.size === 0) onIdle();
  }
}
