/**
 * One folder of log.dirs: locked against other brokers, known by its meta.properties to belong to
 * this one, with its checkpoints. Owner: the log manager, which opens it first and closes it last.
 */

import type { FileLock, FileSystem } from '../../platform/file-system.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { MetaProperties } from '../checkpoint/meta-properties.ts';
import {
  decodeMetaProperties,
  encodeMetaProperties,
  META_PROPERTIES_FILE,
} from '../checkpoint/meta-properties.ts';
import {
  CLEANED_FILE,
  HIGH_WATERMARK_FILE,
  LOG_START_FILE,
  OffsetCheckpoint,
  RECOVERY_POINT_FILE,
} from '../checkpoint/offset-checkpoint.ts';
import { replaceFile } from '../files/atomic-file.ts';
import { isSameBoot, markBoot } from './boot-marker.ts';

export const LOCK_FILE = '.lock';
const UNWRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown';
/** Apache Kafka 3.9 reads it as JSON; without KRaft the epoch is always -1. */
const CLEAN_SHUTDOWN_CONTENT = '{"version":0,"brokerEpoch":-1}';

interface LogDirectoryOptions {
  readonly path: string;
  readonly brokerId: number;
  readonly clusterId: string;
  readonly fileSystem: FileSystem;
}

export class LogDirectory {
  readonly path: string;
  /** Whether the last broker on it stopped cleanly. */
  readonly wasClean: boolean;
  /** Whether everything is here that was written: the stop was clean, or the machine stayed up. */
  readonly isComplete: boolean;
  readonly recoveryPoints: OffsetCheckpoint;
  readonly logStarts: OffsetCheckpoint;
  readonly highWatermarks: OffsetCheckpoint;
  /** Up to where logs are compacted. */
  readonly cleanedOffsets: OffsetCheckpoint;
  readonly #fileSystem: FileSystem;
  readonly #lock: FileLock;

  private constructor(
    { path, fileSystem }: LogDirectoryOptions,
    state: { readonly wasClean: boolean; readonly isComplete: boolean; readonly lock: FileLock },
  ) {
    this.path = path;
    this.wasClean = state.wasClean;
    this.isComplete = state.isComplete;
    this.recoveryPoints = new OffsetCheckpoint(fileSystem, path, RECOVERY_POINT_FILE);
    this.logStarts = new OffsetCheckpoint(fileSystem, path, LOG_START_FILE);
    this.highWatermarks = new OffsetCheckpoint(fileSystem, path, HIGH_WATERMARK_FILE);
    this.cleanedOffsets = new OffsetCheckpoint(fileSystem, path, CLEANED_FILE);
    this.#fileSystem = fileSystem;
    this.#lock = state.lock;
  }

  /** Rejects with a sentence for the user where the folder is in use or belongs to someone else. */
  static async openLogDirectory(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { path, fileSystem } = options;
    const lock = await takeLock(options);
    if (lock === null) {
      throw new Error(
        `${path} is in use: another broker holds ${LOCK_FILE}. Stop it, or set another log.dirs`,
      );
    }
    try {
      await claim(options);
      const wasClean = await takeMarker(options);
      const isComplete = wasClean || (await isSameBoot(fileSystem, path));
      return new LogDirectory(options, { wasClean, isComplete, lock });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The last thing a clean stop writes. */
  async markClean(): Promise<void> {
    const content = Buffer.from(CLEAN_SHUTDOWN_CONTENT);
    await replaceFile(this.#fileSystem, { folder: this.path, name: CLEAN_SHUTDOWN_FILE }, content);
  }

  /** What is written from now on is complete until the machine goes down. */
  markBoot(): Promise<void> {
    return markBoot(this.#fileSystem, this.path);
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}

/** The first thing that is written in the folder. Null: another broker is on it. */
async function takeLock({ path, fileSystem }: LogDirectoryOptions): Promise<FileLock | null> {
  try {
    await fileSystem.makeFolder(path);
    return await fileSystem.lock(`${path}/${LOCK_FILE}`);
  } catch (error) {
    const code = fileErrorCode(error) ?? '';
    if (!UNWRITABLE.has(code)) throw error;
    const why = code === 'EROFS' ? 'its file system is mounted read-only' : 'permission is denied';
    const message = `${path} cannot be written: ${why}. Nothing in it was changed`;
    throw Object.assign(new Error(message, { cause: error }), { code });
  }
}

/** Checks whose the folder is; a new one becomes ours. */
async function claim(options: LogDirectoryOptions): Promise<void> {
  const { path, brokerId, clusterId, fileSystem } = options;
  const file = `${path}/${META_PROPERTIES_FILE}`;
  const isNew = (await fileSystem.stat(file)) === null;
  const none: MetaProperties = { brokerId: null, clusterId: null, others: new Map() };
  const found = isNew ? none : await readMeta(fileSystem, file);
  if (found.brokerId !== null && found.brokerId !== brokerId) {
    throw new Error(
      `${path} holds the data of broker ${String(found.brokerId)} (${META_PROPERTIES_FILE}), but ` +
        `broker.id is ${String(brokerId)}. Set broker.id=${String(found.brokerId)}, or give this ` +
        'broker a folder of its own in log.dirs',
    );
  }
  if (found.clusterId !== null && found.clusterId !== clusterId) {
    throw new Error(
      `${path} holds the data of cluster ${found.clusterId} (${META_PROPERTIES_FILE}), but ` +
        `zookeeper.connect leads to cluster ${clusterId}. Either ZooKeeper lost its data or is ` +
        'another one (check zookeeper.connect and its chroot), or the folder came from elsewhere',
    );
  }
  if (found.brokerId !== null && found.clusterId !== null) return;
  const text = encodeMetaProperties({ ...found, brokerId, clusterId });
  await replaceFile(fileSystem, { folder: path, name: META_PROPERTIES_FILE }, Buffer.from(text));
}

async function readMeta(fileSystem: FileSystem, file: string): Promise<MetaProperties> {
  try {
    return decodeMetaProperties((await fileSystem.readFile(file)).toString('utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new Error(`${file}: ${why}`, { cause: error });
  }
}

/** The marker goes before anything is loaded: if that crashes, the next start verifies. */
async function takeMarker({ path, fileSystem }: LogDirectoryOptions): Promise<boolean> {
  const marker = `${path}/${CLEAN_SHUTDOWN_FILE}`;
  if ((await fileSystem.stat(marker)) === null) return false;
  await fileSystem.remove(marker);
  await fileSystem.syncFolder(path);
  return true;
}
