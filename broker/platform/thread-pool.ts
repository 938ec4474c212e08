/**
 * The thread pool of libuv, in which Node waits for files, names and compression. Its size is taken
 * from UV_THREADPOOL_SIZE when the first call needs it, which is before the first line of the broker
 * runs: it has to be set by whoever starts the process.
 */

const THREADS_DEFAULT = 4;
const THREADS_MAX = 1024;
/** Those that no disk takes: for names, compression, and jobs. */
const FREE_THREADS = 2;
const THREADS_PER_DISK_MIN = 2;

/** Threads that one of so many disks may keep busy: all of them together leave some alone. */
export function threadsPerDisk(
  diskCount: number,
  poolSize = process.env['UV_THREADPOOL_SIZE'],
): number {
  const share = Math.floor((threadCount(poolSize) - FREE_THREADS) / diskCount);
  return Math.max(share, THREADS_PER_DISK_MIN);
}

function threadCount(text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) return THREADS_DEFAULT;
  return Math.min(Math.max(Number(text), 1), THREADS_MAX);
}
