/**
 * What probes ask. /healthz: does the event loop turn, and has nothing broken for good; a broker that
 * recovers its logs is healthy, or a probe would kill it again and again. /readyz: may clients come.
 */

import type { Route } from './endpoints.ts';
import { jsonAnswer } from './endpoints.ts';

export interface Probes {
  /** Why a restart is the only help; empty while the broker is healthy. */
  readonly broken: () => readonly string[];
  /** What is missing until clients can be served; empty when it is ready. */
  readonly notReady: () => readonly string[];
  /** The longest recent time that the event loop was late. */
  readonly eventLoopLagMs: () => number;
}

export function probeRoutes(probes: Probes): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    [
      '/healthz',
      () => {
        const broken = probes.broken();
        const eventLoopLagMs = Math.round(probes.eventLoopLagMs());
        return jsonAnswer(broken.length === 0 ? 200 : 503, {
          healthy: broken.length === 0,
          eventLoopLagMs,
          ...(broken.length === 0 ? {} : { broken }),
        });
      },
    ],
    [
      '/readyz',
      () => {
        const waitingFor = probes.notReady();
        const ready = waitingFor.length === 0;
        return jsonAnswer(ready ? 200 : 503, { ready, ...(ready ? {} : { waitingFor }) });
      },
    ],
  ]);
}
