import { describe, expect, it } from '@jest/globals';
import { REGION_SIZE_MAX, RegionPool } from '../../../broker/network/region-pool.ts';

describe('the pool of regions', () => {
  it('hands out a large region again, once, when it was given back', () => {
    const pool = new RegionPool();
    const region = pool.take(REGION_SIZE_MAX);
    pool.giveBack(region);
    expect(pool.take(REGION_SIZE_MAX)).toBe(region);
    expect(pool.take(REGION_SIZE_MAX)).not.toBe(region);
  });

  it('keeps a few only, and none that is small or larger than usual', () => {
    const pool = new RegionPool();
    const given = [8192, 3 * REGION_SIZE_MAX].map((size) => pool.take(size));
    const large = Array.from({ length: 100 }, () => pool.take(REGION_SIZE_MAX));
    for (const region of [...given, ...large]) pool.giveBack(region);
    const taken = Array.from({ length: 100 }, () => pool.take(REGION_SIZE_MAX));
    expect(taken.filter((region) => large.includes(region))).toHaveLength(8);
    expect(given.map((region) => taken.includes(region))).toEqual([false, false]);
  });

  it('gives as much as is asked for', () => {
    const pool = new RegionPool();
    for (const size of [1, 8192, REGION_SIZE_MAX - 1, REGION_SIZE_MAX, 5_000_000]) {
      expect(pool.take(size).buffer.length).toBeGreaterThanOrEqual(size);
    }
  });

  it('does not take back what a request still looks at', () => {
    const pool = new RegionPool();
    const region = pool.take(REGION_SIZE_MAX);
    region.users += 1;
    expect(() => pool.giveBack(region)).toThrow();
  });
});
