/** What keeps a fetch from waiting at the leader while there is something else to ask for. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { answerOf, FetcherFixture, partitionsOf, quiet } from './fetcher-fixture.ts';

/** A fetcher whose only partition has nothing new, and has followed for a while. */
async function waitingFetcher(): Promise<FetcherFixture> {
  const world = new FetcherFixture();
  await world.follow(await world.replica({ epochs: [3] }));
  const first = await world.leader.fetch();
  expect(first.request.maxWaitMs).toBe(20);
  await world.time.advance(1000);
  await first.answer(answerOf({ 0: {} }));
  return world;
}

describe('a partition that joins', () => {
  it('is asked for a moment later, although a fetch waits at the leader', async () => {
    const world = await waitingFetcher();
    const waiting = await world.leader.fetch();
    expect(waiting.request.maxWaitMs).toBe(500);
    await world.follow(await world.replica({ partition: 1, epochs: [3] }));
    await world.follow(await world.replica({ partition: 2, epochs: [3] }));
    expect(world.leader.waiting).toEqual([]);
    await world.time.advance(20);
    await quiet();
    const { request } = await world.leader.fetch();
    expect(request).toMatchObject({ maxWaitMs: 20, sessionId: 0, sessionEpoch: 0 });
    expect([...partitionsOf(request).keys()]).toEqual([0, 1, 2]);
    expect(world.leader.connectionCount).toBe(2);
    expect(world.logger.lines).toEqual([]);
    await world.manager.stop();
  });

  it('goes with the next fetch where that comes sooner', async () => {
    const world = await waitingFetcher();
    const waiting = await world.leader.fetch();
    await world.follow(await world.replica({ partition: 1, epochs: [3] }));
    await world.time.advance(19);
    await waiting.answer(answerOf({ 0: { highWatermark: 1n } }));
    await world.time.advance(1);
    await quiet();
    const { request } = await world.leader.fetch();
    expect(request).toMatchObject({ maxWaitMs: 20, sessionId: 9, sessionEpoch: 2 });
    expect([...partitionsOf(request).keys()]).toEqual([1]);
    expect(world.leader.connectionCount).toBe(1);
    await world.manager.stop();
  });

  it('ends the wait for a leader that is at another address by now', async () => {
    const world = await waitingFetcher();
    await world.leader.fetch();
    world.port = 9093;
    await world.follow(await world.replica({ partition: 1, epochs: [3] }));
    await world.time.advance(20);
    await quiet();
    await world.leader.fetch();
    expect(world.connectedTo).toEqual([9092, 9093]);
    await world.manager.stop();
  });
});

describe('a fetcher', () => {
  it('goes to the new address of its leader with the next fetch', async () => {
    const world = await waitingFetcher();
    const waiting = await world.leader.fetch();
    world.port = 9093;
    await waiting.answer(answerOf({ 0: {} }));
    expect((await world.leader.fetch()).request.sessionEpoch).toBe(0);
    expect(world.connectedTo).toEqual([9092, 9093]);
    await world.manager.stop();
  });

  it('lets no fetch wait for longer than a partition that has failed', async () => {
    const world = await waitingFetcher();
    const second = await world.replica({ partition: 1, epochs: [3] });
    const waiting = await world.leader.fetch();
    await world.follow(second);
    await waiting.answer(answerOf({ 0: {} }));
    const both = await world.leader.fetch();
    await world.time.advance(1000);
    const errorCode = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    await both.answer(answerOf({ 1: { errorCode } }));
    expect((await world.leader.fetch()).request.maxWaitMs).toBe(50);
    await world.manager.stop();
  });

  it('stops while its leader takes connections, but does not answer', async () => {
    const world = new FetcherFixture();
    world.leader.isMute = true;
    await world.follow(await world.replica({ epochs: [3] }));
    expect(world.leader.connectionCount).toBe(1);
    await world.manager.stop();
    expect(world.leader.openCount).toBe(0);
  });
});
