/**
 * Syncs on one device that many ask for at about the same time, as one of the whole device (syncfs):
 * thousands of fsyncs take many seconds where one syncfs takes less than one. Owner: who opened it.
 *
 * Invariant: as safe as fsync. Only file systems are served on which syncfs writes back all data and
 * names, flushes the device's cache, and reports what could not be written (Linux 5.8 and later; ext4,
 * XFS, btrfs). It reports an error once, and not of which file: after the first failure every file is
 * synced by itself, those that waited for the failed one too.
 */

import { close, constants, open, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { promisify } from 'node:util';
import type { SharedSyncs } from './file-system.ts';
import { libcAvailable, syncFileSystem } from './libc.ts';
import { SharedRun } from './shared-run.ts';
import { TaskLimit } from './task-limit.ts';

const openFolder = promisify(open);
const closeFolder = promisify(close);

/** As statfs has them. */
const EXT = 0xef53;
const XFS = 0x58465342;
const BTRFS = 0x9123683e;
const SERVED: ReadonlySet<number> = new Set([EXT, XFS, BTRFS]);
const KERNEL_MIN = [5, 8] as const;
/** After a failure: the pool is not this device's alone. */
const SINGLE_MAX = 2;

interface DeviceSyncsOptions {
  readonly onClosed: (closed: DeviceSyncs) => void;
  /** Default: the kernel's. */
  readonly syncAll?: (fd: number) => Promise<boolean>;
}

export class DeviceSyncs implements SharedSyncs {
  readonly device: number;
  readonly #fd: number;
  readonly #options: DeviceSyncsOptions;
  readonly #shared = new SharedRun(() => this.#syncAll());
  readonly #single = new TaskLimit(SINGLE_MAX);
  #isBegun = false;
  #hasFailed = false;

  private constructor(fd: number, device: number, options: DeviceSyncsOptions) {
    this.#fd = fd;
    this.device = device;
    this.#options = options;
  }

  /** Null where one by one is safer. Rejects with the file system's error. */
  static async open(folder: string, options: DeviceSyncsOptions): Promise<DeviceSyncs | null> {
    if (!libcAvailable() || !isServedBy(release())) return null;
    if (!SERVED.has((await statfs(folder)).type)) return null;
    const fd = await openFolder(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    return new DeviceSyncs(fd, statSync(folder).dev, options);
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  begin(): void {
    this.#isBegun = true;
  }

  async close(): Promise<void> {
    this.#isBegun = false;
    this.#options.onClosed(this);
    await closeFolder(this.#fd);
  }

  /** Resolves when what was written before the call is on the disk. `single`: syncs one file. */
  async sync(single: () => Promise<void>): Promise<void> {
    if (!this.#isBegun) return single();
    try {
      await this.#shared.run();
    } catch {
      await this.#single.run(single);
    }
  }

  async #syncAll(): Promise<void> {
    const { syncAll = syncFileSystem } = this.#options;
    if (!this.#hasFailed && (await syncAll(this.#fd))) return;
    this.#hasFailed = true;
    throw new Error('the device could not be synced as a whole');
  }
}

function isServedBy(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return major > KERNEL_MIN[0] || (major === KERNEL_MIN[0] && minor >= KERNEL_MIN[1]);
}
