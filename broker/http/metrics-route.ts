/** /metrics in the text format of Prometheus. */

import type { BrokerMetrics } from '../metrics/metrics.ts';
import type { Route } from './endpoints.ts';

export function metricsRoute(metrics: BrokerMetrics): Route {
  return async () => ({
    status: 200,
    contentType: metrics.contentType,
    body: await metrics.render(),
  });
}
