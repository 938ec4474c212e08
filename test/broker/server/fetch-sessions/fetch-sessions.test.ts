import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { nextEpoch } from '../../../../broker/server/fetch-sessions/fetch-session.ts';
import type { FetchSession } from '../../../../broker/server/fetch-sessions/fetch-session.ts';
import type { OpenedFetch } from '../../../../broker/server/fetch-sessions/fetch-sessions.ts';
import { FetchSessions } from '../../../../broker/server/fetch-sessions/fetch-sessions.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import type { FetchRequest } from './requests-of-sessions.ts';
import { askFor, requestOf, resultOf } from './requests-of-sessions.ts';

const ID = 'iQ0rzH2ATfCCrZkqSrfdUg';

function setUp(slotCount = 10): FetchSessions {
  let next = 100;
  return new FetchSessions({
    slotCount,
    clock: new ManualTime(),
    random: { integer: () => next++ },
  });
}

function start(
  sessions: FetchSessions,
  indexes: readonly number[],
  { isPrivileged = false, usesTopicIds = false } = {},
): number {
  const topicId = usesTopicIds ? ID : undefined;
  const request = requestOf(indexes, topicId === undefined ? {} : { topic: '', topicId });
  expect(sessions.open(request, usesTopicIds)).toEqual({ kind: 'full', wantsSession: true });
  const results = indexes.map(() => resultOf());
  return sessions.keep(request, results, { isPrivileged, usesTopicIds });
}

function incremental(opened: OpenedFetch): FetchSession {
  assert(opened.kind === 'incremental', `it is ${opened.kind}`);
  return opened.session;
}

function placesOf(session: FetchSession): readonly string[] {
  return [...session.partitions].map(({ topic, index }) => `${topic ?? '?'}-${String(index)}`);
}

function follow(
  sessionId: number,
  sessionEpoch: number,
  more: Partial<FetchRequest> = {},
): FetchRequest {
  return requestOf([], { sessionId, sessionEpoch, ...more });
}

describe('fetch sessions', () => {
  it('go on with what the full fetch asked for, in its order', () => {
    const sessions = setUp();
    const id = start(sessions, [2, 0, 1]);
    expect(id).toBeGreaterThan(0);
    const session = incremental(sessions.open(follow(id, 1), false));
    expect(placesOf(session)).toEqual(['orders-2', 'orders-0', 'orders-1']);
  });

  it('take each epoch once, and each in its turn', () => {
    const sessions = setUp();
    const id = start(sessions, [0]);
    incremental(sessions.open(follow(id, 1), false));
    const isWrong = { kind: 'refused', errorCode: ErrorCodes.INVALID_FETCH_SESSION_EPOCH };
    expect(sessions.open(follow(id, 1), false)).toEqual(isWrong);
    expect(sessions.open(follow(id, 3), false)).toEqual(isWrong);
    expect(sessions.open(follow(id, -2), false)).toEqual(isWrong);
    incremental(sessions.open(follow(id, 2), false));
  });

  it('go from the largest epoch to 1, as 0 and -1 have a meaning', () => {
    expect(nextEpoch(0x7fffffff)).toBe(1);
    expect(nextEpoch(0x7ffffffe)).toBe(0x7fffffff);
    const sessions = setUp();
    const id = start(sessions, [0]);
    const session = incremental(sessions.open(follow(id, 1), false));
    while (session.epoch !== 5) session.advance();
    incremental(sessions.open(follow(id, 5), false));
  });

  it('are not found by an id that was never given, or is 0', () => {
    const isUnknown = { kind: 'refused', errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND };
    expect(setUp().open(follow(77, 1), false)).toEqual(isUnknown);
    expect(setUp().open(follow(0, 1), false)).toEqual(isUnknown);
  });

  it('stay with names or with ids of topics', () => {
    const sessions = setUp();
    const isOther = { kind: 'refused', errorCode: ErrorCodes.FETCH_SESSION_TOPIC_ID_ERROR };
    const named = start(sessions, [0]);
    expect(sessions.open(follow(named, 1), true)).toEqual(isOther);
    incremental(sessions.open(follow(named, 1), false));
    const byId = start(sessions, [0], { usesTopicIds: true });
    expect(sessions.open(follow(byId, 1), false)).toEqual(isOther);
    incremental(sessions.open(follow(byId, 1), true));
  });

  it.each([
    [0, true],
    [-1, false],
  ])('end with a full fetch of epoch %d', (sessionEpoch, wantsSession) => {
    const sessions = setUp();
    const id = start(sessions, [0]);
    const request = requestOf([0], { sessionId: id, sessionEpoch });
    expect(sessions.open(request, false)).toEqual({ kind: 'full', wantsSession });
    expect(sessions.cache.size).toBe(0);
    expect(sessions.open(follow(id, 1), false)).toMatchObject({
      errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND,
    });
  });

  it('add, change and forget partitions, by name or by id', () => {
    for (const usesTopicIds of [false, true]) {
      const sessions = setUp();
      const id = start(sessions, [0, 1], { usesTopicIds });
      const names = usesTopicIds ? { topic: '', topicId: ID } : { topic: 'orders', topicId: ID };
      const session = incremental(
        sessions.open(
          follow(id, 1, {
            topics: [
              {
                ...names,
                partitions: [
                  askFor(1, { fetchOffset: 7n, partitionMaxBytes: 5, currentLeaderEpoch: 3 }),
                  askFor(9, { logStartOffset: 2n, lastFetchedEpoch: 4 }),
                ],
              },
            ],
            forgottenTopicsData: [{ ...names, partitions: [0, 55] }],
          }),
          usesTopicIds,
        ),
      );
      expect([...session.partitions]).toMatchObject([
        { index: 1, offset: 7, maxBytes: 5, currentLeaderEpoch: 3 },
        { index: 9, offset: 0, maxBytes: 1000, currentLeaderEpoch: -1 },
      ]);
      expect(sessions.cache.partitionCount).toBe(2);
    }
  });

  it('forget what the same request names, and end when nothing is left', () => {
    const sessions = setUp();
    const id = start(sessions, [0]);
    const names = { topic: 'orders', topicId: ID };
    const opened = sessions.open(
      follow(id, 1, {
        topics: [{ ...names, partitions: [askFor(1)] }],
        forgottenTopicsData: [{ ...names, partitions: [0, 1] }],
      }),
      false,
    );
    expect(opened).toEqual({ kind: 'full', wantsSession: false });
    expect(sessions.cache.size).toBe(0);
  });

  it('are not opened for nothing, nor without a slot', () => {
    expect(start(setUp(), [])).toBe(0);
    expect(start(setUp(0), [0])).toBe(0);
  });

  it('hold a partition that is named twice once, as it was named last', () => {
    const sessions = setUp();
    const id = start(sessions, [3, 3]);
    expect(incremental(sessions.open(follow(id, 1), false)).partitions.size).toBe(1);
  });
});

describe('a partition of a session', () => {
  it('tells what has changed, and only that', () => {
    const sessions = setUp();
    const id = start(sessions, [0]);
    const [partition] = incremental(sessions.open(follow(id, 1), false)).partitions;
    assert(partition !== undefined);
    const tell = (result: Parameters<typeof resultOf>[0]): boolean =>
      partition.tell(resultOf(result));
    expect(tell({})).toBe(false);
    expect(tell({ highWatermark: 1 })).toBe(true);
    expect(tell({ highWatermark: 1 })).toBe(false);
    expect(tell({ highWatermark: 1, lastStableOffset: 1 })).toBe(true);
    const after = { highWatermark: 1, lastStableOffset: 1, logStartOffset: 1 };
    expect(tell(after)).toBe(true);
    expect(tell(after)).toBe(false);
    expect(tell({ ...after, payload: [Buffer.from('records')] })).toBe(true);
    expect(tell({ ...after, payload: [Buffer.from('records')] })).toBe(true);
    expect(tell(after)).toBe(false);
    const failed = { ...after, errorCode: ErrorCodes.OFFSET_OUT_OF_RANGE };
    expect([tell(failed), tell(failed), tell(after), tell(after)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    const diverging = { ...after, divergingEpoch: { epoch: 1, endOffset: 1 } };
    expect([tell(diverging), tell(diverging), tell(after), tell(after)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('goes behind the others when it is moved', () => {
    const sessions = setUp();
    const id = start(sessions, [0, 1, 2]);
    const session = incremental(sessions.open(follow(id, 1), false));
    const [first] = session.partitions;
    assert(first !== undefined);
    session.partitions.moveToEnd(first);
    expect(placesOf(session)).toEqual(['orders-1', 'orders-2', 'orders-0']);
    session.partitions.remove({ topic: 'orders', topicId: '' }, 0);
    session.partitions.moveToEnd(first);
    expect(placesOf(session)).toEqual(['orders-1', 'orders-2']);
  });
});
