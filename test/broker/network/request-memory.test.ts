import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RequestMemory } from '../../../broker/network/request-memory.ts';
import { answerOf, fakeConnection, requestFrame, settled } from './fakes.ts';

const METADATA = 3;

describe('the memory of requests', () => {
  it('serves those who wait in the order of asking, a small one not before a large one', () => {
    const memory = new RequestMemory(100);
    const granted: number[] = [];
    const take = (size: number): unknown => memory.take(size, () => granted.push(size));
    expect(take(60)).toBeNull();
    expect(take(50)).not.toBeNull();
    expect(take(10)).not.toBeNull();
    expect(memory.used).toBe(60);
    memory.giveBack(60);
    expect(granted).toEqual([50, 10]);
    expect(memory.used).toBe(60);
  });

  it('lets a request that is larger than all of it pass when nothing else is held', () => {
    const memory = new RequestMemory(100);
    const granted: number[] = [];
    expect(memory.take(1, () => undefined)).toBeNull();
    memory.take(1000, () => granted.push(1000));
    memory.take(5, () => granted.push(5));
    memory.giveBack(1);
    expect(granted).toEqual([1000]);
    memory.giveBack(1000);
    expect(granted).toEqual([1000, 5]);
  });

  it('goes on with the next when the first in the queue gives up', () => {
    const memory = new RequestMemory(100);
    const granted: number[] = [];
    memory.take(60, () => undefined);
    const wait = memory.take(90, () => granted.push(90));
    memory.take(20, () => granted.push(20));
    wait?.cancel();
    expect(granted).toEqual([20]);
  });

  it('keeps to its limit and serves everybody, whatever the order of takes and returns', () => {
    const step = fc.record({ takes: fc.boolean(), size: fc.integer({ min: 0, max: 150 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const memory = new RequestMemory(100);
        const held: number[] = [];
        const asked: number[] = [];
        const granted: number[] = [];
        const got = (place: number, size: number): void => {
          granted.push(place);
          held.push(size);
        };
        for (const { takes, size } of steps) {
          if (takes) {
            const place = asked.push(size) - 1;
            if (memory.take(size, () => got(place, size)) === null) got(place, size);
          } else if (held.length > 0) {
            const [returned = 0] = held.splice(size % held.length, 1);
            memory.giveBack(returned);
          }
          expect(memory.used).toBe(held.reduce((sum, it) => sum + it, 0));
          expect(memory.used <= 100 || held.filter((it) => it > 0).length === 1).toBe(true);
        }
        while (held.length > 0) memory.giveBack(held.shift() ?? 0);
        expect(granted).toEqual(asked.map((_, place) => place));
      }),
    );
  });
});

describe('connections with one memory', () => {
  it('stop reading when it is full, and go on in the order in which they came', async () => {
    const memory = new RequestMemory(1000);
    const all = [0, 1, 2].map(() => fakeConnection({ memory }));
    const asked = (): readonly number[] => all.map((it) => it.asked.length);
    for (const [id, { socket }] of all.entries()) socket.deliver(requestFrame(METADATA, id, 600));
    await settled();
    expect(asked()).toEqual([1, 0, 0]);
    expect(all.map(({ socket }) => socket.isPaused)).toEqual([false, true, true]);
    all[0]?.asked[0]?.answer(answerOf(0));
    await settled();
    expect(asked()).toEqual([1, 1, 0]);
    expect(all.map(({ socket }) => socket.isPaused)).toEqual([false, false, true]);
    all[1]?.asked[0]?.answer(answerOf(1));
    await settled();
    all[2]?.asked[0]?.answer(answerOf(2));
    await settled();
    expect(asked()).toEqual([1, 1, 1]);
    expect(memory.used).toBe(0);
  });

  it('charge a request as soon as its size is known', () => {
    const memory = new RequestMemory(1000);
    const { socket } = fakeConnection({ memory });
    socket.deliver(requestFrame(METADATA, 0, 600).subarray(0, 4));
    expect(memory.used).toBe(608);
  });

  it('reserve little for a request that is only announced', () => {
    const { socket, connection } = fakeConnection({ requestSizeMax: 200 * 1024 * 1024 });
    socket.deliver(Buffer.from([0x06, 0x40, 0, 0]));
    expect(connection.nextBuffer().length).toBeLessThanOrEqual(1024 * 1024);
  });

  it.each(['while one waits', 'while one is received', 'while one is in work', 'in all of these'])(
    'hold nothing any more when they are closed %s',
    async (moment) => {
      const memory = new RequestMemory(1000);
      const first = fakeConnection({ memory });
      const second = fakeConnection({ memory });
      if (moment !== 'while one is received') {
        first.socket.deliver(requestFrame(METADATA, 0, 600));
        first.socket.deliver(requestFrame(METADATA, 1, 10));
      }
      if (moment !== 'while one is in work') {
        second.socket.deliver(requestFrame(METADATA, 0, 900).subarray(0, 500));
      }
      first.socket.destroy();
      second.socket.destroy();
      await settled();
      first.asked[0]?.answer(answerOf(0));
      await settled();
      expect(memory.used).toBe(0);
      expect(memory.take(1000, () => undefined)).toBeNull();
    },
  );

  it('hold nothing after a request that failed at once, nor for answers that could not be sent', async () => {
    const memory = new RequestMemory(1000);
    const failing = fakeConnection({ memory });
    failing.answerAtOnce(() => {
      throw new Error('a defect');
    });
    failing.socket.deliver(requestFrame(METADATA, 0, 600));
    const answered = fakeConnection({ memory });
    answered.socket.deliver(Buffer.concat([0, 1].map((id) => requestFrame(0, id, 100))));
    answered.asked[1]?.answer(answerOf(1));
    await settled();
    answered.socket.destroy();
    await settled();
    expect(memory.used).toBe(108);
    answered.asked[0]?.answer(answerOf(0));
    await settled();
    expect(memory.used).toBe(0);
  });
});
