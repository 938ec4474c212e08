/** What a failed call says of the disk: that it has failed, that it is full, or nothing. */

import { fileErrorCode, isDiskFull } from '../../platform/file-system.ts';

export type DiskTrouble = 'failed' | 'full' | null;

/** The device does not answer, answers with errors, or was taken away: nothing on it can be relied on. */
const FAILED: ReadonlySet<string> = new Set([
  'EBADMSG',
  'EIO',
  'EHOSTDOWN',
  'ENODEV',
  'ENOTCONN',
  'ENOTDIR',
  'ENXIO',
  'EREMOTEIO',
  'EROFS',
  'ESTALE',
  'ETIMEDOUT',
]);

/** How Node calls errors that libuv has no name for, such as EUCLEAN of a damaged file system. */
const NAMELESS = 'Unknown system error';

export function diskTroubleOf(error: unknown): DiskTrouble {
  const code = fileErrorCode(error);
  if (code === undefined) return null;
  if (isDiskFull(error)) return 'full';
  return FAILED.has(code) || code.startsWith(NAMELESS) ? 'failed' : null;
}

/**
 * Whether opening a file in the root of a log.dir for writing failed because the root has gone, or
 * may not be written any more: whoever took it away took everything in it.
 */
export function isRootLost(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === 'ENOENT' || code === 'EACCES' || code === 'EPERM';
}
