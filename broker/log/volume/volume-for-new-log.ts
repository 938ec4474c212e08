/** Where a new partition goes: to the log.dir with the fewest, a full one only where all are full. */

import type { LogVolume } from './log-volume.ts';

/** Null: none is online. */
export function volumeForNewLog(volumes: readonly LogVolume[]): LogVolume | null {
  const online = volumes.filter(({ isOffline }) => !isOffline);
  const roomy = online.filter(({ disk }) => !disk.isFull);
  const [least] = (roomy.length > 0 ? roomy : online).toSorted(
    (one, other) => one.logCount - other.logCount,
  );
  return least ?? null;
}
