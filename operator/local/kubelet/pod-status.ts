/** A pod's status from those of its containers. Pure. */

import type { Pod } from '../resources/pod.ts';
import type { ContainerStatus } from './container-runner.ts';

export interface PodCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly lastTransitionTime: string;
}

export interface PodStatus {
  readonly phase: 'Pending' | 'Running';
  readonly podIP: string;
  readonly podIPs: readonly [{ readonly ip: string }];
  readonly hostIP: string;
  readonly startTime: string;
  readonly conditions: readonly PodCondition[];
  readonly containerStatuses: readonly ContainerStatus[];
}

export function podStatus(
  pod: Pod,
  containers: readonly ContainerStatus[],
  facts: {
    readonly podAddress: string;
    readonly now: string;
    readonly startTime: string;
    readonly before: readonly PodCondition[];
  },
): PodStatus {
  const isRunning = containers.every(
    (each) => each.state.running !== undefined || each.restartCount > 0,
  );
  const isReady = containers.every((each) => each.ready);
  const condition = (type: string, isTrue: boolean): PodCondition => {
    const status = isTrue ? 'True' : 'False';
    const before = facts.before.find((each) => each.type === type);
    return before?.status === status ? before : { type, status, lastTransitionTime: facts.now };
  };
  return {
    phase: isRunning ? 'Running' : 'Pending',
    podIP: facts.podAddress,
    podIPs: [{ ip: facts.podAddress }],
    hostIP: '127.0.0.1',
    startTime: facts.startTime,
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', isReady),
      condition('Ready', isReady && pod.metadata.deletionTimestamp === undefined),
    ],
    containerStatuses: containers,
  };
}
