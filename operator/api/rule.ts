/**
 * A rule that a schema cannot say, in two forms that mean the same: an expression of the Common
 * Expression Language for the API server (in the CRD), and a function for local mode and for the
 * reconcilers, which trust nobody. `self` and `now` are the whole resource.
 */

import type { Problem } from './problem.ts';

export interface Rule<T> {
  /** True when all is well. A rule that reads `oldSelf` runs on updates only. */
  readonly cel: string;
  /** CEL that makes the message, which names field, value and what is allowed. */
  readonly messageExpression: string;
  /** Where the API server says the problem is; without it, at the resource as a whole. */
  readonly fieldPath?: string;
  readonly problem: (now: T, before: T | null) => Problem | null;
}

/** The form in which a CRD holds a rule. */
export function validationOf(rule: Rule<never>): Readonly<Record<string, string>> {
  return {
    rule: rule.cel,
    messageExpression: rule.messageExpression,
    ...(rule.fieldPath === undefined ? {} : { fieldPath: rule.fieldPath }),
  };
}
