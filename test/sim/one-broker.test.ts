import { describe, expect, it } from '@jest/globals';
import { simulateOneBroker } from './one-broker.ts';

/** `npm run test:sim -- --seeds 500 --seed 1`; npm test runs a few. */
const seedCount = Number(process.env['ODRADEK_SEEDS'] ?? 20);
const firstSeed = Number(process.env['ODRADEK_SEED'] ?? 1);

describe('one broker in a simulated world', () => {
  const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index);

  it.each(seeds)(
    'keeps what it acknowledged, and lives twice in the same way: seed %i',
    async (seed) => {
      const first = await simulateOneBroker(seed);
      const second = await simulateOneBroker(seed);
      expect(second.trace).toEqual(first.trace);
      expect(first.acknowledgedCount).toBeGreaterThan(0);
    },
    60_000,
  );
});
