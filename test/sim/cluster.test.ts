import { describe, expect, it } from '@jest/globals';
import { simulateCluster } from './cluster/simulate-cluster.ts';

/** `npm run test:sim -- cluster --seeds 500 --seed 1 [--replicas 1] [--tail 500]`; npm test runs a few. */
const seedCount = Number(process.env['ODRADEK_SEEDS'] ?? 10);
const firstSeed = Number(process.env['ODRADEK_SEED'] ?? 1);
const replicationFactor = Number(process.env['ODRADEK_REPLICAS'] ?? 3);

describe('a cluster in a simulated world', () => {
  const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index);

  it.each(seeds)(
    'keeps its promises, whatever happens to it: seed %i',
    async (seed) => {
      const { acknowledgedCount } = await simulateCluster({ seed, replicationFactor });
      expect(acknowledgedCount).toBeGreaterThan(0);
    },
    120_000,
  );

  it('lives twice in the same way', async () => {
    const first = await simulateCluster({ seed: firstSeed, replicationFactor });
    const second = await simulateCluster({ seed: firstSeed, replicationFactor });
    expect(second).toEqual(first);
  }, 120_000);
});
