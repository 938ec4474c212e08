/**
 * One partition of __consumer_offsets that this broker leads, for one tenure: it reads the log
 * into its groups, then serves them, and ends when the leadership does. Never used again after
 * stop(): the next tenure gets a new shard.
 *
 * Requests run one at a time, to the end, without waiting; the log may be many writes behind, and
 * keeps their order.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Logger } from '../../platform/logger.ts';
import type { GroupEnvironment, WriteObserver } from '../group/environment.ts';
import type { GroupRecord } from '../group/group-record.ts';
import { decodeGroupRecord, encodeGroupRecord } from '../group/group-record.ts';
import { Groups } from '../group/groups.ts';
import { CommitQueue } from './commit-queue.ts';
import { Deadlines } from './deadlines.ts';
import type { GroupCoordinatorOptions } from './group-coordinator-options.ts';
import type { OffsetsLogRecord } from './offsets-topic-port.ts';

type ShardState = 'loading' | 'active' | 'failed' | 'stopped';

export class GroupShard {
  readonly partition: number;
  readonly tenure: number;
  readonly #options: GroupCoordinatorOptions;
  readonly #logger: Logger;
  readonly #deadlines: Deadlines;
  readonly #queue: CommitQueue;
  readonly #groups: Groups;
  readonly #abort = new AbortController();
  #state: ShardState = 'loading';

  constructor(partition: number, tenure: number, options: GroupCoordinatorOptions) {
    this.partition = partition;
    this.tenure = tenure;
    this.#options = options;
    this.#logger = options.logger.child({ partition, tenure });
    this.#deadlines = new Deadlines(options.clock, options.timers);
    const groups = new Groups(this.#environment());
    this.#groups = groups;
    this.#queue = new CommitQueue({
      clock: options.clock,
      deadline: (onPassed) => this.#deadlines.create(onPassed),
      answerTimeoutMs: options.offsetsCommitTimeoutMs,
      replay: (record) => groups.replay(record),
      onRefused: (err) => this.#logger.warn({ err }, 'a write of the group coordinator failed'),
    });
  }

  get state(): ShardState {
    return this.#state;
  }

  /** The groups, for a request; throws the KafkaError that answers it where the shard cannot. */
  get groups(): Groups {
    switch (this.#state) {
      case 'active':
        return this.#groups;
      case 'loading':
        throw new KafkaError(ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS);
      case 'failed':
        throw new KafkaError(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
      case 'stopped':
        throw new KafkaError(ErrorCodes.NOT_COORDINATOR);
    }
  }

  /** Reads the log; resolves when the shard serves, or was stopped meanwhile. Rejects on damage. */
  async load(): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    try {
      const counts = await this.#replayLog();
      if (this.#abort.signal.aborted) return;
      this.#groups.start();
      this.#state = 'active';
      const tookMs = Math.round(this.#options.clock.monotonicMs() - startMs);
      const level = counts.recordCount === 0 ? 'debug' : 'info';
      this.#logger[level]({ ...counts, tookMs }, 'loaded groups and offsets');
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#state = 'failed';
      this.#groups.stop();
      this.#deadlines.cancelAll();
      this.#logger.error({ err: error }, 'could not load groups and offsets');
      throw error;
    }
  }

  /** Answers everybody who waits with NOT_COORDINATOR. Idempotent. */
  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#abort.abort();
    this.#queue.close();
    this.#groups.stop();
    this.#deadlines.cancelAll();
  }

  async #replayLog(): Promise<{ recordCount: number; skippedCount: number }> {
    const { signal } = this.#abort;
    let recordCount = 0;
    let skippedCount = 0;
    const { log } = this.#options;
    for await (const records of log.read(this.partition, this.tenure, signal)) {
      if (signal.aborted) break;
      for (const record of records) {
        recordCount += 1;
        if (!this.#replay(record)) skippedCount += 1;
      }
    }
    return { recordCount, skippedCount };
  }

  /** False for a record of another protocol. */
  #replay(record: OffsetsLogRecord): boolean {
    const decoded = decodeGroupRecord(record.key, record.value);
    if (decoded === null) return false;
    this.#groups.replay(decoded);
    return true;
  }

  #environment(): GroupEnvironment {
    const { clock, random, settings } = this.#options;
    return {
      settings,
      nowMs: () => clock.nowMs(),
      uuid: () => uuidText(random.uuid()),
      deadline: (onPassed) => this.#deadlines.create(onPassed),
      write: (records, observer) => this.#write(records, observer),
    };
  }

  #write(records: readonly GroupRecord[], observer: WriteObserver): void {
    assert(this.#state === 'active' || this.#state === 'loading', 'a stopped shard writes nothing');
    const { log, clock } = this.#options;
    const append = log.append({
      partition: this.partition,
      tenure: this.tenure,
      timestampMs: clock.nowMs(),
      records: records.map(encodeGroupRecord),
    });
    this.#queue.add(records, append, observer);
  }
}

function uuidText(uuid: Buffer): string {
  const hex = uuid.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
