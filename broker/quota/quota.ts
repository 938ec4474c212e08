/**
 * How fast a client may go. Asked for every request before it is served, and for what moves bytes once
 * more with their count. What is answered for `request` slows nobody down yet: it is only counted.
 */

import type { RequestContext } from '../model/request-context.ts';

export type QuotaKind = 'produce' | 'fetch' | 'request' | 'controller-mutation';

export interface QuotaUse {
  readonly kind: QuotaKind;
  /** Bytes: of the frame for `request`, of records for the others; partitions for `controller-mutation`. */
  readonly amount: number;
}

export interface Quota {
  /** How long the client has to wait, for `throttle_time_ms` of the answer; 0: not at all. */
  throttleTimeMs(context: RequestContext, use: QuotaUse): number;
}

/** No limits, as Kafka without quotas in /config. */
export const unlimited: Quota = { throttleTimeMs: () => 0 };
