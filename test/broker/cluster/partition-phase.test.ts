import { describe, expect, it } from '@jest/globals';
import { assertCanFollow, canFollow, phaseFound } from '../../../broker/cluster/partition-phase.ts';
import type { PartitionPhase } from '../../../broker/cluster/partition-phase.ts';

const phases: readonly PartitionPhase[] = ['absent', 'new', 'online', 'offline'];

describe('The phases of a partition', () => {
  it.each<[PartitionPhase, readonly PartitionPhase[]]>([
    ['absent', ['new']],
    ['new', ['online', 'offline']],
    ['online', ['online', 'offline']],
    ['offline', ['absent', 'online', 'offline']],
  ])('after %s are %j', (from, expected) => {
    expect(phases.filter((to) => canFollow(from, to))).toEqual(expected);
  });

  it('that may not follow are a defect', () => {
    expect(() => assertCanFollow('new', 'absent', 't-0')).toThrow(
      't-0 cannot go from new to absent',
    );
  });

  it('are found by state and live leader', () => {
    const isLive = (id: number): boolean => id === 1;
    expect(phaseFound({ isLive, leader: null })).toBe('new');
    expect(phaseFound({ isLive, leader: 1 })).toBe('online');
    expect(phaseFound({ isLive, leader: 2 })).toBe('offline');
    expect(phaseFound({ isLive, leader: -1 })).toBe('offline');
  });
});
