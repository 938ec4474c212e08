import { describe, expect, it } from '@jest/globals';
import { ReadLane } from '../../../broker/platform/read-lane.ts';

describe('ReadLane', () => {
  it('reads inline until that is slow, and for longer in the pool where a probe is slow too', async () => {
    let ms = 0;
    const lane = new ReadLane({ nowMs: () => ms, monotonicMs: () => ms });
    const read = (durationMs: number): Promise<string> =>
      lane.run(
        () => {
          ms += durationMs;
          return 'inline';
        },
        () => Promise.resolve('pool'),
      );
    expect([await read(1), await read(20), await read(1)]).toEqual(['inline', 'inline', 'pool']);
    ms += 50;
    expect([await read(20), await read(1)]).toEqual(['inline', 'pool']);
    ms += 50;
    expect(await read(1)).toBe('pool');
    ms += 50;
    expect([await read(1), await read(1)]).toEqual(['inline', 'inline']);
  });
});
