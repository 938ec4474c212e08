/** Names of partition folders: `<topic>-<partition>`, and what is appended when one is deleted. */

import type { TopicPartition } from '../../model/topic-partition.ts';

/** What file systems allow for a name. */
const NAME_SIZE_MAX = 255;

/** Null for a name that is no partition's folder. */
export function partitionOfFolder(name: string): TopicPartition | null {
  const match = /^([a-zA-Z0-9._-]+)-(\d{1,10})$/.exec(name);
  if (match?.[1] === undefined) return null;
  return { topic: match[1], partition: Number(match[2]) };
}

/** Topics' names have no such end: they hold no letter after the last dash of a folder's name. */
export function isDeletedFolder(name: string): boolean {
  return /\.[0-9a-f]{32}-delete$/.test(name);
}

/** A replica on its way to another log.dir of the same broker. */
export function isFutureFolder(name: string): boolean {
  return /\.[0-9a-f]{32}-future$/.test(name);
}

/** Unique by the id, so that a topic can be made again at once; long topics are shortened. */
export function deletedFolderName(name: string, uniqueId: Buffer): string {
  const suffix = `.${uniqueId.toString('hex')}-delete`;
  return name.slice(0, NAME_SIZE_MAX - suffix.length) + suffix;
}
