import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../../broker/network/fifo.ts';

describe('a queue', () => {
  it('gives what an array would give, whatever the order of pushes and shifts', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('push' as const), count: fc.nat(600) }),
      fc.record({ type: fc.constant('shift' as const), count: fc.nat(600) }),
      fc.record({ type: fc.constant('all' as const), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const { type, count } of steps) {
          const taken: (number | undefined)[] = [];
          const expected: (number | undefined)[] = [];
          if (type === 'all') {
            taken.push(...queue.takeAll());
            expected.push(...model.splice(0));
          }
          for (let done = 0; done < count; done += 1) {
            if (type === 'push') {
              queue.push(next);
              model.push(next);
              next += 1;
            } else {
              taken.push(queue.shift());
              expected.push(model.shift());
            }
          }
          expect(taken).toEqual(expected);
          expect(queue.length).toBe(model.length);
          expect(queue.first).toBe(model[0]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
