import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Payload } from '../../../../broker/model/payload.ts';
import type { FetchRequest } from '../../../../broker/replication/fetcher/fetch-session.ts';
import { readAll } from '../../log/log-fixture.ts';
import type { History } from './epoch-histories.ts';
import { commonEnd, endOf, epochEnd, historiesOf, tenures } from './epoch-histories.ts';
import {
  answerOf,
  FetcherFixture,
  FollowingReplica,
  partitionsOf,
  quiet,
  stamped,
} from './fetcher-fixture.ts';

const RUNS = 300;

function bytesOf({ batches }: History, from = 0): Buffer {
  return Buffer.concat(
    batches.filter(({ offset }) => offset >= from).map((batch) => stamped(batch).buffer),
  );
}

/** A leader with that log, of a version that tells with a fetch where the logs part, or of one before. */
function play(world: FetcherFixture, history: History, tellsWithFetch: boolean): void {
  if (!tellsWithFetch)
    world.leader.versions = { fetch: 11, offsetForLeaderEpoch: 3, listOffsets: 5 };
  world.leader.onRequest = ({ api, request }) => {
    if (api === 'Fetch') return fetched(history, request as FetchRequest, tellsWithFetch);
    const asked = request as { topics: { partitions: { leaderEpoch: number }[] }[] };
    const { epoch, endOffset } = epochEnd(
      history,
      asked.topics[0]?.partitions[0]?.leaderEpoch ?? -1,
    );
    const partitions = [
      { errorCode: 0, partition: 0, leaderEpoch: epoch, endOffset: BigInt(endOffset) },
    ];
    return { throttleTimeMs: 0, topics: [{ topic: 'topic', partitions }] };
  };
}

/** Undefined, so that the fetch waits, as soon as the follower has everything. */
function fetched(history: History, request: FetchRequest, tellsWithFetch: boolean): unknown {
  const asked = partitionsOf(request).get(0);
  if (asked === undefined) return undefined;
  const offset = Number(asked.fetchOffset);
  if (tellsWithFetch && asked.lastFetchedEpoch >= 0) {
    const end = epochEnd(history, asked.lastFetchedEpoch);
    if (end.epoch < asked.lastFetchedEpoch || end.endOffset < offset) {
      return answerOf(
        { 0: { divergingEpoch: { ...end, endOffset: BigInt(end.endOffset) } } },
        { usesIds: false },
      );
    }
  }
  const records: Payload = [bytesOf(history, offset).subarray(0, 400)];
  if (offset >= endOf(history)) return undefined;
  return answerOf({ 0: { records } }, { usesIds: false });
}

class WatchedReplica extends FollowingReplica {
  lowestEnd = Infinity;

  override async truncateTo(offset: number): Promise<void> {
    await super.truncateTo(offset);
    this.lowestEnd = Math.min(this.lowestEnd, this.log.logEndOffset);
  }
}

async function replicaWith(world: FetcherFixture, own: History): Promise<WatchedReplica> {
  const { log } = await world.replica({ topicId: null, leaderEpoch: 0 });
  for (const batch of own.batches) await log.appendAsFollower(stamped(batch)).written;
  for (const { epoch, startOffset } of own.epochs) log.assignEpochStartOffset(epoch, startOffset);
  return new WatchedReplica({ topic: 'topic', index: 0, brokerId: 1, log, highWatermark: 0 });
}

describe("a follower with whatever epochs its log and the leader's have", () => {
  it.each([true, false])(
    'keeps all that the leader has too, and gets the rest (leader tells with a fetch: %s)',
    async (tellsWithFetch) => {
      await fc.assert(
        fc.asyncProperty(tenures, async (all) => {
          const [leaderLog, own] = historiesOf(all);
          const world = new FetcherFixture();
          play(world, leaderLog, tellsWithFetch);
          const replica = await replicaWith(world, own);
          const common = commonEnd(own, leaderLog);
          replica.becomeFollower(all.length);
          await world.follow(replica, all.length);
          for (
            let turn = 0;
            turn < 50 && replica.log.writtenEndOffset < endOf(leaderLog);
            turn += 1
          ) {
            await quiet();
          }
          const content = await readAll(replica.log);
          expect(content.equals(bytesOf(leaderLog))).toBe(true);
          expect(replica.lowestEnd).toBeGreaterThanOrEqual(common);
          await world.manager.stop();
        }),
        { numRuns: RUNS },
      );
    },
    60_000,
  );
});
