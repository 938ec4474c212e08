/**
 * `partition.metadata`, the topic id of a folder: `version: 0\ntopic_id: <22 characters>`, without a
 * newline at the end. Folders of clusters below Kafka 2.8 have none.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import { replaceFile } from '../files/atomic-file.ts';

export const PARTITION_METADATA_FILE = 'partition.metadata';

/** Null where there is no file; throws where it is damaged. */
export async function readTopicId(fileSystem: FileSystem, folder: string): Promise<string | null> {
  const path = `${folder}/${PARTITION_METADATA_FILE}`;
  if ((await fileSystem.stat(path)) === null) return null;
  const text = (await fileSystem.readFile(path)).toString('utf8');
  const match = /^version: 0\s+topic_id: ([A-Za-z0-9_-]{22})\s*$/.exec(text);
  if (match?.[1] === undefined) {
    throw new Error(`${path}: "version: 0" and "topic_id: <22 characters>" are expected`);
  }
  return match[1];
}

export async function writeTopicId(
  fileSystem: FileSystem,
  folder: string,
  topicId: string,
): Promise<void> {
  const content = Buffer.from(`version: 0\ntopic_id: ${topicId}`);
  await replaceFile(fileSystem, { folder, name: PARTITION_METADATA_FILE }, content);
}
