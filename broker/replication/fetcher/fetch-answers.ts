/**
 * Takes what a leader's answer to a fetch has for each partition: records are appended, logs that
 * have parted are cut, errors are noted. Owner: a fetcher.
 */

import { forEachBounded } from '../../log/bounded.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { toSaturatedOffset } from '../../model/offsets.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import type { ReplicationThrottle } from '../throttle/replication-throttle.ts';
import type { FetchAgenda } from './fetch-agenda.ts';
import type { FetchedPartition, FetchResponse, FetchSession } from './fetch-session.ts';
import type { FollowedPartition, LeaderOffsets, Taken } from './followed-partition.ts';
import { TRUNCATION_PARALLELISM } from './log-comparison.ts';
import { noteFailure, noteRefusal } from './partition-trouble.ts';

/** A write that takes longer does not hold up the other partitions. */
const SLOW_WRITE_MS = 100;

interface FetchAnswersOptions {
  readonly agenda: FetchAgenda;
  readonly session: FetchSession;
  readonly throttle: ReplicationThrottle;
  readonly timers: Timers;
  readonly logger: Logger;
  /** A write has ended, maybe long after its answer. */
  readonly onWritten: () => void;
}

interface Later {
  readonly writes: Promise<void>[];
  readonly tasks: (() => Promise<void>)[];
}

const NOTHING = Buffer.alloc(0);

export class FetchAnswers {
  readonly #options: FetchAnswersOptions;

  constructor(options: FetchAnswersOptions) {
    this.#options = options;
  }

  /** Resolves when everything is in the files, but for what takes long. */
  async take(answer: FetchResponse, usesIds: boolean): Promise<void> {
    const { agenda, session } = this.#options;
    const later: Later = { writes: [], tasks: [] };
    for (const { topic, topicId, partitions } of answer.responses) {
      const name = usesIds ? session.topicOf(topicId) : topic;
      if (name === undefined) continue;
      for (const data of partitions) {
        const followed = agenda.get(partitionKey(name, data.partitionIndex));
        if (followed === undefined || !this.#isExpected(followed)) continue;
        agenda.touch(followed);
        this.#takeOne(followed, data, later);
      }
    }
    await forEachBounded(later.tasks, TRUNCATION_PARALLELISM, (task) => task());
    if (later.writes.length > 0) await this.#settled(later.writes);
  }

  /** False: it was added since, or its log has changed under the fetch, and it asks again. */
  #isExpected(followed: FollowedPartition): boolean {
    if (!followed.isAskedFor) return false;
    const { agenda, session } = this.#options;
    const isSame = session.wanted(followed.key)?.offset === followed.replica.log.logEndOffset;
    if (!isSame) agenda.touch(followed);
    return isSame;
  }

  #takeOne(followed: FollowedPartition, data: FetchedPartition, later: Later): void {
    const { logger } = this.#options;
    const { errorCode, divergingEpoch } = data;
    if (errorCode !== ErrorCodes.NONE) {
      noteRefusal(followed, errorCode, logger);
      return;
    }
    if (divergingEpoch.epoch >= 0) {
      later.tasks.push(() => this.#guarded(followed, () => this.#truncate(followed, data)));
      return;
    }
    try {
      const taking = followed.take(recordsOf(data), leaderOffsetsOf(data));
      if (!(taking instanceof Promise)) this.#noteTaken(followed, taking, later);
      else {
        later.tasks.push(() =>
          this.#guarded(followed, async () => this.#noteTaken(followed, await taking, later)),
        );
      }
    } catch (error) {
      noteFailure(followed, error, logger);
    }
  }

  /** The next fetch finds out whether that was all. */
  async #truncate(
    followed: FollowedPartition,
    { divergingEpoch }: FetchedPartition,
  ): Promise<void> {
    if (followed.isRemoved) return;
    // A truncation that fails half way is compared anew.
    followed.stage = 'compare';
    const { key: partition, replica } = followed;
    const { logEndOffset } = replica.log;
    const leaderEnd = {
      epoch: divergingEpoch.epoch,
      endOffset: toSaturatedOffset(divergingEpoch.endOffset),
    };
    const { offset } = await followed.truncateBy(leaderEnd);
    const facts = { partition, logEndOffset, offset, leaderEpoch: leaderEnd.epoch };
    this.#options.logger.info(facts, 'log is truncated to where it parts from the leader');
  }

  #noteTaken(followed: FollowedPartition, { size, written, problem }: Taken, later: Later): void {
    const { throttle, logger } = this.#options;
    if (problem !== null) noteFailure(followed, problem, logger);
    else followed.failureCount = 0;
    if (written === null) return;
    const { topic, partition } = followed.name;
    if (throttle.isThrottled(topic, partition)) throttle.record(size);
    later.writes.push(this.#guarded(followed, () => written));
  }

  async #guarded(followed: FollowedPartition, task: () => Promise<void>): Promise<void> {
    const { agenda, logger, onWritten } = this.#options;
    try {
      await task();
    } catch (error) {
      noteFailure(followed, error, logger);
    }
    if (followed.isRemoved) return;
    agenda.touch(followed);
    onWritten();
  }

  #settled(writes: readonly Promise<void>[]): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(SLOW_WRITE_MS, resolve);
      void Promise.all(writes).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** A view of the answer: its buffer belongs to whoever was asked. */
function recordsOf({ records }: FetchedPartition): Buffer {
  const part = records?.[0];
  return Buffer.isBuffer(part) ? part : NOTHING;
}

function leaderOffsetsOf({ highWatermark, logStartOffset }: FetchedPartition): LeaderOffsets {
  return {
    highWatermark: toSaturatedOffset(highWatermark),
    logStartOffset: toSaturatedOffset(logStartOffset),
  };
}
