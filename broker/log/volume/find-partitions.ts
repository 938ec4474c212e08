/** What is in the folder of log.dirs at start. */

import type { TopicPartition } from '../../model/topic-partition.ts';
import type { FileSystem } from '../../platform/file-system.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { forEachBounded } from '../bounded.ts';
import { META_PROPERTIES_FILE } from '../checkpoint/meta-properties.ts';
import { isOfLog } from '../recovery/clear-folder.ts';
import { isDeletedFolder, isFutureFolder, partitionOfFolder } from './log-folders.ts';

/** Folders that are looked at, or removed, at the same time. */
const PARALLELISM = 8;
/** Of one log line. */
const NAMES_MAX = 20;

/** Files and folders that are not ours stay, and are named once; folders of deleted topics go. */
export async function findPartitions(
  path: string,
  { fileSystem, logger }: { readonly fileSystem: FileSystem; readonly logger: Logger },
): Promise<readonly TopicPartition[]> {
  const partitions: TopicPartition[] = [];
  const foreign: string[] = [];
  const names = (await fileSystem.list(path)).filter((name) => !isOfLogDir(name));
  await forEachBounded(names, PARALLELISM, async (name) => {
    const folder = `${path}/${name}`;
    const partition = partitionOfFolder(name);
    if (isDeletedFolder(name)) await fileSystem.removeFolder(folder);
    else if (partition !== null && (await isPartition(fileSystem, folder))) {
      partitions.push(partition);
    } else if (isFutureFolder(name)) {
      logger.warn({ folder }, 'a move between log.dirs is not resumed');
    } else foreign.push(name);
  });
  if (foreign.length > 0) {
    const facts = {
      folder: path,
      count: foreign.length,
      names: foreign.sort().slice(0, NAMES_MAX),
    };
    logger.warn(facts, 'what is no partition is left alone');
  }
  return partitions;
}

/** Checkpoints and the like; what is hidden is nobody's business, or ours. */
function isOfLogDir(name: string): boolean {
  const file = name.replace(/\.tmp$/, '');
  return name.startsWith('.') || file.endsWith('-checkpoint') || file === META_PROPERTIES_FILE;
}

/** A folder that is empty, or has at least one file of a log: `backup-2024` may be somebody else's. */
async function isPartition(fileSystem: FileSystem, folder: string): Promise<boolean> {
  const names = await namesIn(fileSystem, folder);
  if (names === null) return false;
  return names.length === 0 || names.some(isOfLog);
}

/** Null: it is no folder. */
async function namesIn(fileSystem: FileSystem, folder: string): Promise<readonly string[] | null> {
  try {
    return (await fileSystem.readFolder(folder, null)).names;
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOTDIR' || code === 'ENOENT') return null;
    throw error;
  }
}
