import { describe, expect, it } from '@jest/globals';

import { parseDuration } from '../../../operator/api/duration.ts';
import { parseQuantity } from '../../../operator/api/quantity.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['10m', 600_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
    ['unlimited', Infinity],
    ['-1', Infinity],
    [-1, Infinity],
  ])('reads %p as %p ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['', '7', '7x', '-7d', '1.5h', '7 d', '1h30m', '999999999999d', 7])(
    'refuses %p',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe('parseQuantity', () => {
  it.each([
    ['20Gi', 20 * 1024 ** 3],
    ['1.5Gi', 1.5 * 1024 ** 3],
    ['500M', 500_000_000],
    ['500m', 0.5],
    ['1e3', 1000],
    ['1E3', 1000],
    ['2E', 2e18],
    [1073741824, 1073741824],
    ['.5', 0.5],
    ['0', 0],
  ])('reads %p as %p', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected);
  });

  it.each(['', 'Gi', '20GiB', '20gb', '1e', '--1', 'abc', '1 Gi'])('refuses %p', (text) => {
    expect(parseQuantity(text)).toBeNull();
  });
});
