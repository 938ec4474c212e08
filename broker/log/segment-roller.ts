/**
 * Begins a new segment when it is time. Sealing is synchronous, in the middle of an append; making
 * the sealed segment durable follows in the background.
 */

import type { GroupWriter } from './group-writer.ts';
import { saveSealed } from './log-durability.ts';
import type { LogState } from './log-state.ts';
import type { RollFacts } from './roll.ts';
import { idleAgeMsMax, mustRoll } from './roll.ts';
import { Segment } from './segment/segment.ts';

/** What random numbers reach to. */
const JITTER_MS_MAX = 2 ** 47;

type AppendedSet = Pick<RollFacts, 'size' | 'maxTimestampMs' | 'lastOffset'>;

export class SegmentRoller {
  readonly #state: LogState;
  readonly #writer: GroupWriter;
  #jitterMs = 0;

  constructor(state: LogState, writer: GroupWriter) {
    this.#state = state;
    this.#writer = writer;
    this.#drawJitter();
  }

  /** `baseOffset` is that of the set that is about to be appended. */
  rollIfNeeded(baseOffset: number, set: AppendedSet): void {
    const { config, segments, environment } = this.#state;
    // Field by field: this runs for every append, and a spread makes an object of the slow kind.
    const facts: RollFacts = {
      segment: segments.active,
      config,
      jitterMs: this.#jitterMs,
      nowMs: environment.clock.nowMs(),
      size: set.size,
      maxTimestampMs: set.maxTimestampMs,
      lastOffset: set.lastOffset,
    };
    if (mustRoll(facts)) this.#roll(baseOffset);
  }

  /** When an active segment with records ends though nobody appends; null: it has none, or never. */
  get idleEndMs(): number | null {
    const { segments, config } = this.#state;
    const { beganMs } = segments.active;
    if (beganMs === null) return null;
    const endMs = beganMs + idleAgeMsMax(config, this.#jitterMs);
    return endMs === Infinity ? null : endMs;
  }

  /** Ends the active segment though nobody appends. */
  async rollIdle(): Promise<void> {
    this.#roll(this.#state.logEndOffset);
    await this.prepareActive();
  }

  /** The file of the active segment is there, whatever comes: those before it may go. */
  async prepareActive(): Promise<void> {
    const state = this.#state;
    state.isPrepared = true;
    try {
      await state.segments.active.prepareFiles();
      await state.environment.fileSystem.syncFolder(state.folder);
    } catch (error) {
      state.isPrepared = false;
      throw error;
    }
  }

  #roll(baseOffset: number): void {
    const state = this.#state;
    const sealed = state.segments.active;
    sealed.seal();
    state.segments.push(Segment.create(state.segmentOptions(baseOffset), sealed));
    state.isPrepared = false;
    this.#drawJitter();
    const content = state.producers.toSnapshot();
    const { written } = this.#writer;
    state.inBackground(async () => {
      await written;
      await saveSealed(state, sealed, { offset: baseOffset, content });
    });
  }

  /** By how much segment.ms is shortened for the next segment. */
  #drawJitter(): void {
    const { segmentJitterMs, segmentMs } = this.#state.config;
    const limit = Math.min(segmentJitterMs, segmentMs, JITTER_MS_MAX);
    this.#jitterMs = limit > 0 ? this.#state.environment.random.integer(limit) : 0;
  }
}
