import { describe, expect, it } from '@jest/globals';

import { nextPod } from '../../../operator/decide/next-pod.ts';
import type { ObservedPod } from '../../../operator/decide/observed.ts';

const wanted = { replicas: 3, templateHash: 'new', configHash: 'c' };
const set = { ...wanted, settled: true, claimSize: '1Gi' };

function pod(ordinal: number, changes: Partial<ObservedPod> = {}): ObservedPod {
  return {
    name: `demo-broker-${String(ordinal)}`,
    uid: `uid-${String(ordinal)}`,
    ordinal,
    ready: true,
    terminating: false,
    templateHash: 'new',
    configHash: 'c',
    waiting: null,
    ...changes,
  };
}

const old = { templateHash: 'old' };
const broken = { ready: false, waiting: 'ImagePullBackOff' };

describe('The next pod to restart', () => {
  it.each([
    ['none, all is as wanted', [pod(0), pod(1), pod(2)], null, 'done'],
    [
      'none while a pod terminates',
      [pod(0, { terminating: true, ready: false }), pod(1, old), pod(2, old)],
      null,
      'wait: demo-broker-0 is terminating',
    ],
    [
      'none while one is missing',
      [pod(1, old), pod(2, old)],
      null,
      'wait: 1 of 3 pods do not exist yet',
    ],
    [
      'the highest ordinal first',
      [pod(0, old), pod(1, old), pod(2, old)],
      null,
      'delete: demo-broker-2',
    ],
    ['the controller last', [pod(0, old), pod(1, old), pod(2, old)], 2, 'delete: demo-broker-1'],
    ['the controller in the end', [pod(0), pod(1), pod(2, old)], 2, 'delete: demo-broker-2'],
    [
      'an outdated unready one before all others',
      [pod(0, { ...old, ...broken }), pod(1, old), pod(2, old)],
      0,
      'delete: demo-broker-0',
    ],
    [
      'none while a new one is broken: one pod suffers and no more',
      [pod(0, old), pod(1, old), pod(2, broken)],
      null,
      'wait: demo-broker-2 is not ready: ImagePullBackOff',
    ],
    [
      'one whose configuration is outdated',
      [pod(0), pod(1, { configHash: 'b' }), pod(2)],
      null,
      'delete: demo-broker-1',
    ],
  ])('is %s', (_, pods, last, expected) => {
    const decision = nextPod({ wanted, set, pods, last });
    const said = {
      done: () => 'done',
      wait: () => (decision.kind === 'wait' ? `wait: ${decision.reason}` : ''),
      delete: () => (decision.kind === 'delete' ? `delete: ${decision.pod.name}` : ''),
    };
    expect(said[decision.kind]()).toBe(expected);
  });

  it.each([
    ['the controller of StatefulSets has not seen it', { ...set, settled: false }],
    ['the StatefulSet does not carry it', { ...set, templateHash: 'old' }],
  ])('is none while %s', (_, seen) => {
    const pods = [pod(0, old), pod(1, old), pod(2, old)];
    expect(nextPod({ wanted, set: seen, pods, last: null })).toMatchObject({ kind: 'wait' });
  });
});
