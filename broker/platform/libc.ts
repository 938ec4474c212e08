/**
 * The few calls of the C library that Node does not offer, through koffi; loaded when first asked
 * for. Linux on x86-64 and arm64, where the layouts below hold (glibc and musl alike). Where
 * `libcAvailable()` says no, nothing else here may be called.
 *
 * All but `syncFileSystem` are synchronous: none may be called where it could wait for a disk.
 * `sendfile` is meant for spans that are known to be resident.
 */

import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** What koffi makes of a C function: it checks the arguments; results are numbers here. */
interface ForeignFunction {
  (...values: readonly unknown[]): unknown;
  /** In a thread of the pool; the last argument is called back. */
  async(...values: readonly unknown[]): void;
}

/** What is used of koffi. */
interface Koffi {
  load(path: null): { func(declaration: string): ForeignFunction };
  errno(): number;
  alloc(type: string, count: number): object;
  address(pointer: object): bigint;
}

interface Libc {
  readonly koffi: Koffi;
  readonly sendfile: ForeignFunction;
  readonly fcntl: ForeignFunction;
  readonly syncfs: ForeignFunction;
  /** Null where the C library is too old for it. */
  readonly preadv2: ForeignFunction | null;
  /** One `struct iovec {base, length}`: a byte of C's memory that nobody looks at. */
  readonly probeVector: BigUint64Array;
}

/** A system call that failed. */
export class SystemError extends Error {
  /** Such as `EPIPE`. */
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errorCode(errno);
    super(`${call}: ${code}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

/** `sendfile` below, or what stands for it in tests. */
export type Sendfile = (
  outFd: number,
  inFd: number,
  offset: number,
  count: number,
) => number | 'again' | Error;

const { EAGAIN, EACCES, EINTR, EOPNOTSUPP, ENOSYS } = constants.errno;
const F_SETLK = 6;
const F_WRLCK = 1;
const FLOCK_SIZE = 32;
const RWF_NOWAIT = 8;
/** What the kernel reads ahead at once, so that a byte speaks for its neighbours. */
const PROBE_STEP = 128 * 1024;

let loaded: Libc | null | undefined;

/** See isResident(). */
export type IsResident = (fd: number, position: number, size: number) => boolean | 'unsupported';

/** Whether the calls below can be made on this machine; loads the C library when first called. */
export function libcAvailable(): boolean {
  return library() !== null;
}

/**
 * Sends bytes of a file to a socket without copying them through this process. Returns how many
 * went (0 only at the end of the file), `again` where a non-blocking socket is full, or the error.
 */
export function sendfile(
  outFd: number,
  inFd: number,
  offset: number,
  count: number,
): number | 'again' | SystemError {
  const { koffi, sendfile: call } = required();
  for (;;) {
    sendfilePosition[0] = BigInt(offset);
    const sent = Number(call(outFd, inFd, sendfilePosition, count));
    if (sent >= 0) return sent;
    const errno = koffi.errno();
    if (errno === EAGAIN) return 'again';
    if (errno !== EINTR) return new SystemError('sendfile', errno);
  }
}

/**
 * Whether a span of a file is in the page cache, by one byte of every 128 KiB and the last one.
 * `unsupported`: the file system (tmpfs, for one) or the kernel cannot say. Other failures count as
 * not resident: the read that follows reports them.
 */
export function isResident(fd: number, position: number, size: number): boolean | 'unsupported' {
  const { koffi, preadv2, probeVector } = required();
  if (preadv2 === null) return 'unsupported';
  const last = position + size - 1;
  for (let probe = position; ; probe = Math.min(probe + PROBE_STEP, last)) {
    if (Number(preadv2(fd, probeVector, 1, probe, RWF_NOWAIT)) < 0) {
      const errno = koffi.errno();
      return errno === EOPNOTSUPP || errno === ENOSYS ? 'unsupported' : false;
    }
    if (probe >= last) return true;
  }
}

/**
 * Takes the POSIX write lock on the whole of an open file, without waiting. False: another process
 * holds it. The lock goes when this process closes *any* descriptor of the file, and never stands
 * in the way of this process itself.
 */
export function lockFile(fd: number): boolean {
  const { koffi, fcntl } = required();
  const flock = Buffer.alloc(FLOCK_SIZE);
  new Int16Array(flock.buffer, flock.byteOffset, 1)[0] = F_WRLCK;
  if (Number(fcntl(fd, F_SETLK, 'void *', flock)) === 0) return true;
  const errno = koffi.errno();
  if (errno === EAGAIN || errno === EACCES) return false;
  throw new SystemError('fcntl', errno);
}

/**
 * Writes all that the file system of an open file holds back to its disk, in the thread pool. False:
 * something could not be written since the file was opened, or since the last call with it.
 */
export function syncFileSystem(fd: number): Promise<boolean> {
  const { syncfs } = required();
  return new Promise((resolve, reject) => {
    syncfs.async(fd, (error: Error | null, result: unknown) => {
      if (error === null) resolve(Number(result) === 0);
      else reject(error);
    });
  });
}

/** Where sendfile reads its position; the file's own is not used. */
const sendfilePosition = new BigInt64Array(1);

function required(): Libc {
  const libc = library();
  if (libc === null) throw new Error('the C library is not available here');
  return libc;
}

function library(): Libc | null {
  loaded ??= loadLibrary();
  return loaded;
}

/** Null off Linux, on other processors, and where koffi is not installed or does not load. */
function loadLibrary(): Libc | null {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return null;
  try {
    // `require` is untyped; the interface states the few functions that are used.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const library = koffi.load(null);
    return {
      koffi,
      sendfile: library.func('long sendfile(int, int, void *, size_t)'),
      fcntl: library.func('int fcntl(int, int, ...)'),
      syncfs: library.func('int syncfs(int)'),
      preadv2: optionalFunction(library, 'long preadv2(int, const void *, int, int64_t, int)'),
      probeVector: new BigUint64Array([koffi.address(koffi.alloc('char', 1)), 1n]),
    };
  } catch {
    return null;
  }
}

function optionalFunction(
  library: ReturnType<Koffi['load']>,
  declaration: string,
): ForeignFunction | null {
  try {
    return library.func(declaration);
  } catch {
    return null;
  }
}

function errorCode(errno: number): string {
  const entry = Object.entries(constants.errno).find(([, value]) => value === errno);
  return entry?.[0] ?? `E${String(errno)}`;
}
