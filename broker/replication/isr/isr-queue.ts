/**
 * Proposals of ISRs on their way to the controller: what waits goes together in one request, and one
 * request is out at a time. A proposal that was not answered, or not by a controller, is sent again.
 *
 * Invariant: every proposal ends, by an answer that settles it or by its signal. A refusal settles it
 * only if no request with it may still be on its way: after one that got no answer, an expansion that
 * is refused now could be taken a moment later. For as long as that can be it is sent again, and the
 * leader counts the member in.
 */

import { errorName, ErrorCodes } from '../../model/error-codes.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import type { IsrChange, IsrChanges, IsrOutcome, WrittenIsr } from './isr-changes.ts';

const RETRY_MS = 50;
/** A request without an answer is not taken any more after that time. */
const DOUBT_MS = 10_000;

export interface AlterPartitionOutcome {
  readonly errorCode: number;
  /** Null where there is an error. */
  readonly state: WrittenIsr | null;
}

export interface AlterPartitions {
  /**
   * The controller's outcomes, in order. Rejects where there was no answer, or one for the request as
   * a whole, such as NOT_CONTROLLER or STALE_BROKER_EPOCH.
   */
  alterPartitions(changes: readonly IsrChange[]): Promise<readonly AlterPartitionOutcome[]>;
}

interface Proposal {
  readonly change: IsrChange;
  readonly resolve: (outcome: IsrOutcome) => void;
  isOver: boolean;
  /** When the last request with it ended without an answer; null: each one has been answered. */
  unansweredMs: number | null;
}

/** A newer state stands, of this leader or of another one. */
const OUTDATED: ReadonlySet<number> = new Set([
  ErrorCodes.INVALID_UPDATE_VERSION,
  ErrorCodes.FENCED_LEADER_EPOCH,
  ErrorCodes.NEW_LEADER_ELECTED,
]);

/** The controller has done nothing with it yet. */
const NOT_DECIDED: ReadonlySet<number> = new Set([
  ErrorCodes.OPERATION_NOT_ATTEMPTED,
  ErrorCodes.NOT_CONTROLLER,
  ErrorCodes.UNKNOWN_SERVER_ERROR,
]);

export class IsrQueue implements IsrChanges {
  readonly #controller: AlterPartitions;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #waiting = new Set<Proposal>();
  #isSending = false;

  constructor(options: {
    readonly controller: AlterPartitions;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly logger: Logger;
  }) {
    this.#controller = options.controller;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#logger = options.logger;
  }

  propose(change: IsrChange, signal: AbortSignal): Promise<IsrOutcome> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        proposal.isOver = true;
        this.#waiting.delete(proposal);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const proposal: Proposal = {
        change,
        isOver: false,
        unansweredMs: null,
        resolve: (outcome) => {
          end();
          resolve(outcome);
        },
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(proposal);
      this.#sendSoon();
    });
  }

  /** What is proposed in the same turn goes together. */
  #sendSoon(): void {
    if (this.#isSending || this.#waiting.size === 0) return;
    this.#isSending = true;
    this.#timers.soon(() => void this.#send());
  }

  async #send(): Promise<void> {
    const sent = [...this.#waiting];
    this.#waiting.clear();
    const again = sent.length > 0 && (await this.#ask(sent));
    for (const proposal of sent) if (!proposal.isOver) this.#waiting.add(proposal);
    this.#isSending = false;
    if (!again) this.#sendSoon();
    else {
      this.#isSending = true;
      this.#timers.after(RETRY_MS, () => {
        this.#isSending = false;
        this.#sendSoon();
      });
    }
  }

  /** True where some of them have to be sent again after a while. */
  async #ask(sent: readonly Proposal[]): Promise<boolean> {
    let outcomes: readonly AlterPartitionOutcome[];
    try {
      outcomes = await this.#controller.alterPartitions(sent.map(({ change }) => change));
    } catch (error) {
      this.#logger.debug({ err: error, count: sent.length }, 'no controller took the new ISRs');
      const nowMs = this.#clock.monotonicMs();
      for (const proposal of sent) proposal.unansweredMs = nowMs;
      return true;
    }
    sent.forEach((proposal, place) => this.#take(proposal, outcomes[place]));
    return sent.some(({ isOver }) => !isOver);
  }

  #take(proposal: Proposal, outcome: AlterPartitionOutcome | undefined): void {
    if (proposal.isOver || outcome === undefined) return;
    const { errorCode, state } = outcome;
    if (state !== null) proposal.resolve({ kind: 'written', state });
    else if (OUTDATED.has(errorCode)) proposal.resolve({ kind: 'outdated', errorCode });
    else if (!NOT_DECIDED.has(errorCode) && !this.#isInDoubt(proposal)) {
      const { topic, partition, isr } = proposal.change;
      const reason = errorName(errorCode);
      this.#logger.warn({ topic, partition, isr, reason }, 'the controller refused a new ISR');
      proposal.resolve({ kind: 'refused', errorCode });
    }
  }

  #isInDoubt({ unansweredMs }: Proposal): boolean {
    return unansweredMs !== null && this.#clock.monotonicMs() - unansweredMs < DOUBT_MS;
  }
}
