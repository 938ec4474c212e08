import { describe, expect, it } from '@jest/globals';
import {
  electFirstLeader,
  electForShutdown,
  electOffline,
  electPreferred,
  electReassigned,
} from '../../../broker/cluster/leader-election.ts';
import type { Election } from '../../../broker/cluster/leader-election.ts';

function input(replicas: readonly number[], isr: readonly number[], live: readonly number[]) {
  return {
    replicas,
    isr,
    eligible: [],
    isLive: (id: number): boolean => live.includes(id),
    isInDoubt: (): boolean => false,
  };
}

const clean = (leader: number, isr: readonly number[]): Election => ({
  leader,
  isr,
  isUnclean: false,
});

describe('The first leader of a partition', () => {
  it.each([
    [[1, 2, 3], [1, 2, 3], clean(1, [1, 2, 3])],
    [[1, 2, 3], [2, 3], clean(2, [2, 3])],
    [[1, 2], [3], null],
  ])('of replicas %j with %j alive', (replicas, live, expected) => {
    expect(electFirstLeader(input(replicas, [], live))).toEqual(expected);
  });
});

describe('The election after a leader is gone', () => {
  it.each([
    [[1, 2, 3], [1, 2, 3], [2, 3], false, clean(2, [2, 3])],
    [[1, 2, 3], [3], [2, 3], false, clean(3, [3])],
    [[1, 2, 3], [1], [2, 3], false, null],
    [[1, 2, 3], [1], [2, 3], true, { leader: 2, isr: [2], isUnclean: true }],
    [[1, 2, 3], [3], [2, 3], true, clean(3, [3])],
    [[1, 2], [1, 2], [], true, null],
  ])('of %j with the ISR %j and %j alive, unclean %s', (replicas, isr, live, unclean, expected) => {
    expect(electOffline(input(replicas, isr, live), unclean)).toEqual(expected);
  });
});

describe('The election of the preferred leader', () => {
  it.each([
    [[2, 1], [1, 2], [1, 2], clean(2, [1, 2])],
    [[2, 1], [1], [1, 2], null],
    [[2, 1], [1, 2], [1], null],
    [[], [], [], null],
  ])('of %j with the ISR %j and %j alive', (replicas, isr, live, expected) => {
    expect(electPreferred(input(replicas, isr, live))).toEqual(expected);
  });
});

describe('The election for a reassignment', () => {
  it.each([
    [[4, 2], [1, 2], [1, 2, 4], clean(2, [1, 2])],
    [[4, 5], [1, 2], [1, 2, 4, 5], null],
  ])('to %j with the ISR %j and %j alive', (target, isr, live, expected) => {
    expect(electReassigned(input(target, isr, live))).toEqual(expected);
  });
});

describe('The election for a broker that stops', () => {
  it.each([
    [[1, 2, 3], [1, 2, 3], [1], clean(2, [2, 3])],
    [[1, 2], [1], [1], null],
    [[1, 2, 3], [1, 2, 3], [1, 2], clean(3, [3])],
  ])('of %j with the ISR %j, all alive and %j stopping', (replicas, isr, stopping, expected) => {
    expect(electForShutdown(input(replicas, isr, [1, 2, 3]), new Set(stopping))).toEqual(expected);
  });
});
