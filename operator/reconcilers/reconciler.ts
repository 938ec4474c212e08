/**
 * A reconciler brings one object from what is to what is wanted, as far as it goes now. It is called
 * again whenever something about the object may have changed, never twice at once for one key, and
 * again, backed off, after it has thrown.
 */

import type { ObjectKey } from '../kube/port.ts';

export interface ReconcileResult {
  /** When to look again although nothing has been heard; null: not before something is. */
  readonly requeueAfterMs: number | null;
}

export interface Reconciler {
  reconcile(key: ObjectKey): Promise<ReconcileResult>;
}
