/**
 * Files behind a port: Node's, and a twin in memory that can fail, fill up and forget what was not
 * synced. Errors are those of Node (`code` ENOENT, ENOSPC, EIO ...), from the twin too.
 */

export interface FileSystem {
  /** `read` needs the file to exist; `write` creates it if missing and keeps what it holds. */
  open(path: string, mode: 'read' | 'write'): Promise<FileHandle>;
  readFile(path: string): Promise<Buffer>;
  /** Names of what a folder holds, without `.` and `..`, sorted. */
  list(folder: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileStat | null>;
  /**
   * Much of a folder in one step, for whoever has thousands of them to look at; inline while that is
   * fast. `bytesMax`: files up to that size are read too; null: nothing but the names is wanted. A
   * file that cannot be looked at is only named: who reads it for itself learns why.
   */
  readFolder(folder: string, bytesMax: number | null): Promise<FolderContent>;
  /** Makes the folder and its parents; no error if it is there. */
  makeFolder(folder: string): Promise<void>;
  /** Replaces what `to` names. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file another time of its last change. */
  setModified(path: string, modifiedMs: number): Promise<void>;
  /** Removes a file; no error if it is gone. */
  remove(path: string): Promise<void>;
  /** Removes a folder with all it holds; no error if it is gone. */
  removeFolder(folder: string): Promise<void>;
  /** Makes creations, renames and removals in the folder survive a loss of power. */
  syncFolder(folder: string): Promise<void>;
  /** Bytes that this process may still write below the folder; Infinity where nobody can say. */
  freeSize(folder: string): Promise<number>;
  /**
   * Takes the POSIX lock (fcntl, as Java's FileChannel.lock takes it) on a file, which is created
   * if missing. Null: another process holds it.
   */
  lock(path: string): Promise<FileLock | null>;
  /**
   * For whoever is going to need thousands of syncs at once. Null, or missing: there is nothing that
   * is faster than one after the other, and as safe.
   */
  openSharedSyncs?(folder: string): Promise<SharedSyncs | null>;
}

/** Syncs on the device of a folder; errors are noticed from its opening on. Whoever opens it closes it. */
export interface SharedSyncs {
  /** From now on those that are asked for at the same time, of files and folders, are made together. */
  begin(): void;
  close(): Promise<void>;
}

export interface FileStat {
  readonly size: number;
  readonly modifiedMs: number;
  readonly isFolder: boolean;
}

export interface FolderContent {
  /** As `list` has them. */
  readonly names: readonly string[];
  /** By name. */
  readonly files: ReadonlyMap<string, FolderFile>;
}

export interface FolderFile extends FileStat {
  /** Null: it was not read. */
  readonly bytes: Buffer | null;
}

export interface FileLock {
  release(): Promise<void>;
}

export interface FileHandle {
  /** For sendfile; in the twin a number that only the twin knows. */
  readonly fd: number;
  /**
   * Writes the buffers one after the other from `position` on: all of them, or it fails. Completes
   * inline, returning undefined, while that is fast; otherwise in the thread pool. The buffers must
   * not change before it is done. A failed inline write throws at once.
   */
  write(buffers: readonly Buffer[], position: number): Promise<void> | undefined;
  /** Fills `target` from `position` on; the result is shorter only at the end of the file. */
  read(target: Buffer, position: number): Promise<number>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** fsync: data and metadata. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The code of a failed call, such as `ENOSPC`; undefined for errors of another kind. */
export function fileErrorCode(error: unknown): string | undefined {
  // Not `instanceof`: where code runs in a context of its own, Node's errors are of another Error.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** No room is left, on the disk or in a quota: the call may succeed when there is some again. */
export function isDiskFull(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
