/** A partition has one folder: where there are two, nobody knows which of them counts. */

import { partitionKey } from '../../model/topic-partition.ts';
import type { LogVolume } from './log-volume.ts';

/** Throws an Error for the user, naming both folders. */
export function checkUnique(volumes: readonly LogVolume[]): void {
  const paths = new Map<string, string>();
  for (const { path, partitions } of volumes) {
    for (const { topic, partition } of partitions) {
      const key = partitionKey(topic, partition);
      const other = paths.get(key);
      if (other !== undefined) {
        throw new Error(
          `${key} is in two folders, ${other} and ${path}: move one of them out of log.dirs`,
        );
      }
      paths.set(key, path);
    }
  }
}
