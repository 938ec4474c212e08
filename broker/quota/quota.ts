/** How fast a client may go. Asked once per request with the bytes that it moved. */

import type { RequestContext } from '../model/request-context.ts';

export type QuotaKind = 'produce' | 'fetch' | 'request' | 'controller-mutation';

export interface QuotaUse {
  readonly kind: QuotaKind;
  /** Bytes moved; milliseconds of work for `request`, partitions for `controller-mutation`. */
  readonly amount: number;
}

export interface Quota {
  /** How long the client has to wait, for `throttle_time_ms` of the answer; 0: not at all. */
  throttleTimeMs(context: RequestContext, use: QuotaUse): number;
}

/** No limits, as Kafka without quotas in /config. */
export const unlimited: Quota = { throttleTimeMs: () => 0 };
