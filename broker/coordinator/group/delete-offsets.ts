/** Tombstones: of expired offsets, of offsets that somebody deletes, of whole groups. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupEnvironment, Reply } from './environment.ts';
import { expiredOffsets } from './expiry.ts';
import type { OffsetPlace } from './group-offsets.ts';
import type { GroupRecord } from './group-record.ts';
import { subscribedTopics } from './subscription.ts';
import { offsetWriteError } from './write-errors.ts';

/** A batch of tombstones stays far below any max.message.bytes that makes sense. */
const BATCH_COUNT_MAX = 500;

export interface OffsetDeleteResult {
  readonly errorCode: ErrorCode;
  /** One code per place, in the order of the request; empty when errorCode is not NONE. */
  readonly places: readonly ErrorCode[];
}

export class DeleteOffsets {
  readonly #environment: GroupEnvironment;
  /** The group has nothing left, stored or under way. */
  readonly #onGone: (group: ClassicGroup) => void;

  constructor(environment: GroupEnvironment, onGone: (group: ClassicGroup) => void) {
    this.#environment = environment;
    this.#onGone = onGone;
  }

  /** OffsetDelete: positions that no member of the group can be using. */
  run(group: ClassicGroup, places: readonly OffsetPlace[], reply: Reply<OffsetDeleteResult>): void {
    if (group.state === 'Dead') {
      reply({ errorCode: ErrorCodes.GROUP_ID_NOT_FOUND, places: [] });
      return;
    }
    if (group.state !== 'Empty' && group.protocolType !== 'consumer') {
      reply({ errorCode: ErrorCodes.NON_EMPTY_GROUP, places: [] });
      return;
    }
    const inUse = group.state === 'Empty' ? new Set<string>() : subscribedTopics(group);
    // What cannot be known counts as in use.
    const isInUse = ({ topic }: OffsetPlace): boolean => inUse?.has(topic) ?? true;
    const known = places.filter(
      (place) => !isInUse(place) && group.offsets.partitionsOf(place.topic).has(place.partition),
    );
    this.#write(tombstones(group, known), (errorCode) => {
      const code = offsetWriteError(errorCode);
      reply({
        errorCode: ErrorCodes.NONE,
        places: places.map((place) =>
          isInUse(place) ? ErrorCodes.GROUP_SUBSCRIBED_TO_TOPIC : code,
        ),
      });
    });
  }

  /** DeleteGroups: everything that is known of a group without members. */
  deleteGroup(group: ClassicGroup, reply: Reply<ErrorCode>): void {
    if (group.state === 'Dead') reply(ErrorCodes.GROUP_ID_NOT_FOUND);
    else if (group.state !== 'Empty') reply(ErrorCodes.NON_EMPTY_GROUP);
    else this.#bury(group, (errorCode) => reply(offsetWriteError(errorCode)));
  }

  /** The periodic check; a group that has lost its last offset and has no members goes whole. */
  expire(group: ClassicGroup): void {
    if (group.state === 'Dead') return;
    const rule = {
      nowMs: this.#environment.nowMs(),
      retentionMs: this.#environment.settings.offsetsRetentionMs,
    };
    const expired = expiredOffsets(group, rule);
    const isIdle =
      group.state === 'Empty' &&
      group.membership.pendingCount === 0 &&
      !group.offsets.isBeingWritten;
    if (isIdle && expired.length === group.offsets.count) this.#bury(group, () => undefined);
    else this.#write(tombstones(group, expired), () => undefined);
  }

  /** Positions in topics that are no more. */
  forgetTopics(group: ClassicGroup, topics: readonly string[]): void {
    const places = topics.flatMap((topic) =>
      [...group.offsets.partitionsOf(topic)].map((partition) => ({ topic, partition })),
    );
    if (group.state !== 'Dead') this.#write(tombstones(group, places), () => undefined);
  }

  #bury(group: ClassicGroup, answered: Reply<ErrorCode>): void {
    const records = tombstones(group, [...group.offsets.places()]);
    if (group.stored !== null || group.metadataWritingCount > 0) {
      records.push({ kind: 'metadata', groupId: group.id, value: null });
    }
    const sinceMs = group.stateSinceMs;
    group.transitionTo('Dead', this.#environment.nowMs());
    group.membership.forgetPending();
    this.#write(records, answered, (errorCode) => {
      // Refused in part or whole: the group is still there, with what could not be deleted.
      if (errorCode === ErrorCodes.NONE) this.#onGone(group);
      else group.transitionTo('Empty', sinceMs);
    });
  }

  /** Writes in batches; reports the first error, or NONE, when the last has ended. */
  #write(
    records: readonly GroupRecord[],
    answered: Reply<ErrorCode>,
    ended?: Reply<ErrorCode>,
  ): void {
    const batchCount = Math.ceil(records.length / BATCH_COUNT_MAX);
    const answer = firstErrorOf(batchCount, answered);
    const end = firstErrorOf(batchCount, ended ?? (() => undefined));
    if (records.length === 0) {
      end(ErrorCodes.NONE);
      answer(ErrorCodes.NONE);
    }
    for (let index = 0; index < records.length; index += BATCH_COUNT_MAX) {
      const batch = records.slice(index, index + BATCH_COUNT_MAX);
      this.#environment.write(batch, { answered: answer, ended: end });
    }
  }
}

function tombstones(group: ClassicGroup, places: readonly OffsetPlace[]): GroupRecord[] {
  return places.map(({ topic, partition }) => ({
    kind: 'offset',
    groupId: group.id,
    topic,
    partition,
    value: null,
  }));
}

/** Waits for `count` codes; with a count of 0 the first call is passed on. */
function firstErrorOf(count: number, then: Reply<ErrorCode>): Reply<ErrorCode> {
  let left = count;
  let first: ErrorCode = ErrorCodes.NONE;
  return (errorCode) => {
    left -= 1;
    if (first === ErrorCodes.NONE) first = errorCode;
    if (left <= 0) then(first);
  };
}
