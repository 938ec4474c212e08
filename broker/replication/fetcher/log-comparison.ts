/**
 * The dialogues of a follower with its leader beside the fetches: where their logs part, for leaders
 * that do not tell with a fetch, and where to go on when the leader does not have the offset that was
 * asked for. Afterwards each partition is at another stage, or has noted a failure; a lost connection
 * rejects.
 */

import { forEachBounded } from '../../log/bounded.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Logger } from '../../platform/logger.ts';
import type { FollowedPartition } from './followed-partition.ts';
import type { EpochAnswer, LeaderLink, OffsetAnswer } from './leader-link.ts';
import { noteFailure, noteRefusal } from './partition-trouble.ts';

/** Logs that are truncated at the same time. */
export const TRUNCATION_PARALLELISM = 8;

type Link = Pick<LeaderLink, 'comparesOnFetch' | 'epochEnds' | 'endOffsets' | 'startOffsets'>;

export class LogComparison {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Partitions at the stages `compare` and `lost`. */
  async run(link: Link, partitions: readonly FollowedPartition[]): Promise<void> {
    const toCompare = partitions.filter(({ stage }) => stage === 'compare');
    const lost = partitions.filter(({ stage }) => stage === 'lost');
    await this.#eachOf(toCompare, (followed) => this.#prepare(link, followed));
    await this.#compare(link, toCompare);
    await this.#recover(link, lost);
  }

  /** What the leader need not be asked for. */
  async #prepare(link: Link, followed: FollowedPartition): Promise<void> {
    await followed.saveIfNeeded();
    if (followed.isRemoved) return;
    const { log, highWatermark } = followed.replica;
    if (log.latestEpoch < 0) {
      // Nobody can tell whose records these are: what is committed is all that can be kept.
      await followed.truncateTo(highWatermark);
      followed.stage = 'fetch';
    } else if (link.comparesOnFetch) followed.stage = 'fetch';
  }

  async #compare(link: Link, partitions: readonly FollowedPartition[]): Promise<void> {
    const asking = partitions.filter(
      ({ stage, mustWait, isRemoved }) => stage === 'compare' && !mustWait && !isRemoved,
    );
    if (asking.length === 0) return;
    const answers = await link.epochEnds(
      asking.map(({ name, leaderEpoch, replica }) => ({
        ...name,
        currentLeaderEpoch: leaderEpoch,
        leaderEpoch: replica.log.latestEpoch,
      })),
    );
    await this.#eachAnswered(asking, answers, async (followed, answer: EpochAnswer) => {
      const { isFinal } = await followed.truncateBy(answer);
      if (isFinal) followed.stage = 'fetch';
    });
  }

  /**
   * The leader's log ends before: what is behind its end goes. It starts behind: there is nothing
   * between to be had, and the log begins anew.
   */
  async #recover(link: Link, lost: readonly FollowedPartition[]): Promise<void> {
    const asking = lost.filter(({ isRemoved }) => !isRemoved);
    if (asking.length === 0) return;
    const ends = await link.endOffsets(asking.map(questionOf));
    const ahead: FollowedPartition[] = [];
    await this.#eachAnswered(asking, ends, async (followed, { offset }: OffsetAnswer) => {
      if (offset >= followed.replica.log.logEndOffset) {
        ahead.push(followed);
        return;
      }
      this.#warn(followed, { leaderEndOffset: offset }, 'the log of the leader ends before ours');
      await followed.truncateTo(offset);
      followed.stage = 'compare';
    });
    const behind = ahead.filter(({ isRemoved }) => !isRemoved);
    if (behind.length === 0) return;
    const starts = await link.startOffsets(behind.map(questionOf));
    await this.#eachAnswered(behind, starts, async (followed, { offset }: OffsetAnswer) => {
      followed.stage = 'fetch';
      if (offset <= followed.replica.log.logEndOffset) {
        const end = String(followed.replica.log.logEndOffset);
        throw new KafkaError(
          ErrorCodes.OFFSET_OUT_OF_RANGE,
          `the leader refuses offset ${end}, although its log has it`,
        );
      }
      this.#warn(
        followed,
        { leaderStartOffset: offset },
        'the log of the leader starts behind ours',
      );
      await followed.restartAt(offset);
    });
  }

  async #eachAnswered<A extends { readonly errorCode: number }>(
    asked: readonly FollowedPartition[],
    answers: ReadonlyMap<string, A>,
    take: (followed: FollowedPartition, answer: A) => Promise<void>,
  ): Promise<void> {
    await this.#eachOf(asked, async (followed) => {
      if (followed.isRemoved) return;
      const answer = answers.get(followed.key);
      const code = answer?.errorCode ?? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      if (answer === undefined || code !== ErrorCodes.NONE) {
        noteRefusal(followed, code, this.#logger);
        return;
      }
      await take(followed, answer);
    });
  }

  #eachOf(
    partitions: readonly FollowedPartition[],
    task: (followed: FollowedPartition) => Promise<void>,
  ): Promise<void> {
    return forEachBounded(partitions, TRUNCATION_PARALLELISM, async (followed) => {
      if (followed.isRemoved) return;
      try {
        await task(followed);
      } catch (error) {
        noteFailure(followed, error, this.#logger);
      }
    });
  }

  #warn({ key, replica }: FollowedPartition, facts: object, message: string): void {
    const { logStartOffset, logEndOffset } = replica.log;
    this.#logger.warn({ partition: key, logStartOffset, logEndOffset, ...facts }, message);
  }
}

function questionOf({ name, leaderEpoch }: FollowedPartition): {
  readonly topic: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
} {
  return { ...name, currentLeaderEpoch: leaderEpoch };
}
