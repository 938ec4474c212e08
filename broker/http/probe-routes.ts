/**
 * What probes ask. /healthz: does the event loop turn, and has nothing broken for good; a broker that
 * recovers its logs is healthy, or a probe would kill it again and again, and so is one with a disk
 * that is full or has failed, as it serves what the others hold. /readyz: may clients come.
 */

import type { LoadProgress } from '../log/recovery/load-progress.ts';
import type { Route } from './endpoints.ts';
import { jsonAnswer } from './endpoints.ts';

export interface Probes {
  /** Why a restart is the only help; empty while the broker is healthy. */
  readonly broken: () => readonly string[];
  /** What is missing until clients can be served; empty when it is ready. */
  readonly notReady: () => readonly string[];
  /** How far the start has come with the logs; null before and after. */
  readonly loading: () => LoadProgress | null;
  /** Folders of log.dirs that do not do their work, while others may. */
  readonly logDirs: () => { readonly offline: readonly string[]; readonly full: readonly string[] };
  /** The longest recent time that the event loop was late. */
  readonly eventLoopLagMs: () => number;
}

export function probeRoutes(probes: Probes): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    [
      '/healthz',
      () => {
        const broken = probes.broken();
        const loading = probes.loading();
        const { offline, full } = probes.logDirs();
        const eventLoopLagMs = Math.round(probes.eventLoopLagMs());
        return jsonAnswer(broken.length === 0 ? 200 : 503, {
          healthy: broken.length === 0,
          eventLoopLagMs,
          ...(broken.length === 0 ? {} : { broken }),
          ...(loading === null ? {} : { loading }),
          ...(offline.length === 0 ? {} : { offlineLogDirs: offline }),
          ...(full.length === 0 ? {} : { fullLogDirs: full }),
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
