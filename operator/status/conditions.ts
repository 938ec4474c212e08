/**
 * Conditions as KEP-1623 and kstatus have them: Ready says whether the resource does its work,
 * Reconciling that the operator is on the way, Stalled that it will not get there without a change
 * of the spec. The time of a transition moves only when a status changes.
 */

import { z } from 'zod';

import type { Condition } from '../api/condition.ts';
import { condition } from '../api/condition.ts';

/** What a reconciliation came to. `message` is for people, `reason` for programs. */
export interface Outcome {
  readonly state: 'ready' | 'progressing' | 'stalled';
  readonly reason: string;
  readonly message: string;
}

interface ConditionsInput {
  readonly outcome: Outcome;
  readonly generation: number;
  /** The status as it is stored; anything unreadable in it counts as absent. */
  readonly previous: unknown;
  /** RFC 3339. */
  readonly now: string;
}

export function conditionsOf(input: ConditionsInput): readonly Condition[] {
  const { state, reason, message } = input.outcome;
  const before = previousConditions(input.previous);
  const statuses = {
    Ready: state === 'ready',
    Reconciling: state === 'progressing',
    Stalled: state === 'stalled',
  };
  return Object.entries(statuses).map(([type, holds]) => {
    const status = holds ? 'True' : 'False';
    const old = before.find((each) => each.type === type);
    return {
      type,
      status,
      reason,
      message: message.slice(0, 4096),
      observedGeneration: input.generation,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : input.now,
    };
  });
}

const storedStatus = z.object({ conditions: z.array(z.unknown()).default([]) });

/** The conditions in a stored status, as far as they can be read. */
export function previousConditions(status: unknown): readonly Condition[] {
  const { conditions = [] } = storedStatus.safeParse(status).data ?? {};
  return conditions.flatMap((each) => condition.safeParse(each).data ?? []);
}
