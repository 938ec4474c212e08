/**
 * Repeats one probe as the kubelet does: after its initial delay, every period, until the signal
 * aborts; `successThreshold` and `failureThreshold` results in a row turn it. One thing is different:
 * until the first success a probe is also tried five times a second, and only its success counts then,
 * so that a pod is ready when it is ready and not up to a period later.
 */

import type { Clock } from '../../../broker/platform/clock.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import { delay } from '../../../broker/platform/timers.ts';
import type { Probe } from '../resources/pod.ts';

const eagerPeriodMs = 200;

/** Null: success; otherwise what was wrong. */
export type ProbeAttempt = (signal: AbortSignal) => Promise<string | null>;

export interface ProbeLoop {
  readonly probe: Probe;
  readonly attempt: ProbeAttempt;
  /** What holds until the thresholds are passed for the first time. */
  readonly initially: 'healthy' | 'unhealthy';
  /** Called at each turn, and at each further `failureThreshold` failures. */
  readonly onTurn: (isHealthy: boolean, message: string) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** Resolves when the signal aborts. */
export async function runProbe(loop: ProbeLoop): Promise<void> {
  try {
    await repeat(loop);
  } catch (error) {
    if (!loop.signal.aborted) throw error;
  }
}

async function repeat({ probe, ...loop }: ProbeLoop): Promise<void> {
  const periodMs = probe.periodSeconds * 1000;
  let isHealthy = loop.initially === 'healthy';
  let succeeded = isHealthy;
  let successes = 0;
  let failures = 0;
  let countedMs = -Infinity;
  await delay(loop.timers, probe.initialDelaySeconds * 1000, loop.signal);
  for (;;) {
    const problem = await loop.attempt(loop.signal);
    loop.signal.throwIfAborted();
    const nowMs = loop.clock.monotonicMs();
    if (problem === null) {
      succeeded = true;
      failures = 0;
      successes += 1;
      if (!isHealthy && successes >= probe.successThreshold) loop.onTurn((isHealthy = true), '');
    } else if (succeeded || nowMs - countedMs >= periodMs) {
      countedMs = nowMs;
      successes = 0;
      failures += 1;
      if (failures % probe.failureThreshold === 0) loop.onTurn((isHealthy = false), problem);
    }
    const waitMs = succeeded ? periodMs : Math.min(eagerPeriodMs, periodMs);
    await delay(loop.timers, waitMs, loop.signal);
  }
}
