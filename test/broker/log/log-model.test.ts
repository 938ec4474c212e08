import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyConfig, anyStep } from './model/log-step.ts';
import { simulateLog } from './model/simulate-log.ts';

/**
 * `npm run test:sim -- log-model --seeds 500 --seed 1`; npm test runs a few. A failure names its seed and,
 * shrunk, its steps: `--seeds 1 --seed <seed>` does it again.
 */
const seedCount = Number(process.env['ODRADEK_SEEDS'] ?? 24);
const firstSeed = Number(process.env['ODRADEK_SEED'] ?? 1);
const numRuns = 40;

describe('the log against an array', () => {
  const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index);

  it.each(seeds)(
    'agrees with it under any sequence of operations, failures and crashes: seed %i',
    async (seed) => {
      const policy = fc.constantFrom('delete', 'delete', 'compact', 'compact,delete');
      const world = fc.record({ slowWrites: fc.boolean(), policy, config: anyConfig });
      const steps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' });
      const checked = fc.assert(fc.asyncProperty(steps, world, simulateLog), {
        seed,
        numRuns,
        includeErrorInReport: true,
      });
      await expect(checked).resolves.toBeUndefined();
    },
    60_000,
  );
});
