/** What lies in a folder of log.dirs, for people who ask. */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Disk } from '../disk/disk.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { LogVolumes } from './log-volumes.ts';

export interface LogDirContents {
  readonly path: string;
  /** Nobody knows what is in it. */
  readonly isOffline: boolean;
  readonly logs: readonly PartitionLog[];
  /** Of its disk; null where it cannot be told. */
  readonly freeBytes: number | null;
}

export function logDirContents(
  disks: readonly Disk[],
  volumes: LogVolumes,
  fileSystem: FileSystem,
): Promise<readonly LogDirContents[]> {
  return Promise.all(
    disks.map(async (disk) => {
      const isOffline = disk.failure !== null;
      const freeSize = isOffline ? null : await fileSystem.freeSize(disk.path).catch(() => null);
      const isKnown = freeSize !== null && Number.isFinite(freeSize);
      return {
        path: disk.path,
        isOffline,
        logs: [...(volumes.on(disk)?.logs() ?? [])],
        freeBytes: isKnown ? freeSize : null,
      };
    }),
  );
}
