/** What a seed decides before anything happens: the cluster, its load, and which faults it meets. */

import type { SeededRandom } from '../../support/sim/simulation.ts';

export type FaultKind =
  | 'kill'
  | 'lose power'
  | 'restart'
  | 'stop process'
  | 'expire session'
  | 'cut ZooKeeper'
  | 'delete controller'
  | 'silence'
  | 'isolate'
  | 'slow link'
  | 'interrupt a join'
  | 'cut'
  | 'jump clock'
  | 'slow disk';

export interface Scenario {
  readonly brokerCount: number;
  readonly replicationFactor: number;
  readonly minInSync: number;
  readonly partitionCount: number;
  readonly idempotentCount: number;
  readonly plainCount: number;
  /** Topics that are made and deleted all the time. */
  readonly churnCount: number;
  /** Members of a consumer group. */
  readonly memberCount: number;
  /** Leaders and replicas are moved about by an admin. */
  readonly hasAdmin: boolean;
  /** Between two rounds of a producer, at most. */
  readonly thinkMs: number;
  readonly faults: readonly FaultKind[];
  /** How long faults happen. */
  readonly faultyMs: number;
  /** Between two faults, at most. */
  readonly faultGapMs: number;
  readonly hasSlowDisk: boolean;
}

const everywhere: readonly FaultKind[] = [
  'kill',
  'restart',
  'stop process',
  'expire session',
  'cut ZooKeeper',
  'delete controller',
  'silence',
  'isolate',
  'slow link',
  'interrupt a join',
  'cut',
  'jump clock',
  'slow disk',
];

/** Two of three seeds meet a few kinds of faults only, which finds more than all of them at once. */
export function scenarioFor(random: SeededRandom, replicationFactor: number): Scenario {
  const kinds = replicationFactor > 1 ? [...everywhere, 'lose power' as const] : everywhere;
  const isMixed = random.integer(3) === 0;
  const chosen = kinds.filter(() => isMixed || random.integer(3) === 0);
  return {
    brokerCount: 3 + Math.floor(random.integer(4) / 3),
    replicationFactor,
    minInSync: Math.max(1, replicationFactor - 1),
    partitionCount: 1 + random.integer(3),
    idempotentCount: 1 + random.integer(2),
    plainCount: random.integer(2),
    hasAdmin: random.integer(3) === 0,
    churnCount: random.integer(2),
    memberCount: random.integer(2) * (1 + random.integer(3)),
    thinkMs: 50 + random.integer(1000),
    faults: chosen.length > 0 ? chosen : ['kill'],
    faultyMs: 3000 + random.integer(9000),
    faultGapMs: 300 + random.integer(3000),
    hasSlowDisk: random.integer(2) === 0,
  };
}
