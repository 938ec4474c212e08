/**
 * The log.dirs that could be used at start, and which of them has a partition. Owner: the log manager.
 *
 * Invariant: a partition has one folder in all of them; in those that could not be used it may have
 * another one, which nobody knows.
 */

import type { Disk } from '../disk/disk.ts';
import type { LogVolume } from './log-volume.ts';
import { storageError } from './storage-error.ts';

export class LogVolumes {
  readonly all: readonly LogVolume[];

  constructor(all: readonly LogVolume[]) {
    this.all = all;
  }

  get online(): readonly LogVolume[] {
    return this.all.filter(({ isOffline }) => !isOffline);
  }

  on(disk: Disk): LogVolume | undefined {
    return this.all.find((volume) => volume.disk === disk);
  }

  /** The one in which its log is open. */
  owner(key: string): LogVolume | undefined {
    return this.all.find((volume) => volume.log(key) !== undefined);
  }

  failedIn(key: string): LogVolume | undefined {
    return this.all.find((volume) => volume.hasFailed(key));
  }

  /** Throws KafkaError KAFKA_STORAGE_ERROR where a partition without a log may have one that is not known. */
  checkKnown(key: string, disks: readonly Disk[]): void {
    this.#checkUnused(disks, `${key} is not made`);
  }

  /** The same where it is to be deleted, and has not been before. */
  checkDeleted(key: string, disks: readonly Disk[]): void {
    const isGone = this.all.some((volume) => volume.hasDeleted(key));
    if (!isGone) this.#checkUnused(disks, `${key} cannot be deleted`);
  }

  #checkUnused(disks: readonly Disk[], problem: string): void {
    const used = new Set(this.all.map(({ disk }) => disk));
    const unused = disks.filter((disk) => !used.has(disk)).map(({ path }) => path);
    if (unused.length === 0) return;
    throw storageError(`${problem}: it may be in ${unused.join(', ')}, which cannot be used`);
  }
}
