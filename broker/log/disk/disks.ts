/** The disks of a broker, one for each folder of log.dirs, and which of them holds a path. */

import type { DiskOptions } from './disk.ts';
import { Disk } from './disk.ts';

export class Disks {
  /** In the order of log.dirs. */
  readonly all: readonly Disk[];
  /** A folder of log.dirs may lie below another one. */
  readonly #deepestFirst: readonly Disk[];

  private constructor(all: readonly Disk[]) {
    this.all = all;
    this.#deepestFirst = [...all].sort((one, other) => other.path.length - one.path.length);
  }

  static of(options: Omit<DiskOptions, 'path'> & { readonly logDirs: readonly string[] }): Disks {
    return new Disks([...new Set(options.logDirs)].map((path) => new Disk({ ...options, path })));
  }

  /** The disk of a file or folder; null outside of log.dirs. */
  holding(path: string): Disk | null {
    const disk = this.#deepestFirst.find(
      (candidate) => path.startsWith(`${candidate.path}/`) || path === candidate.path,
    );
    return disk ?? null;
  }

  /** Folders that cannot be used until the next start. */
  get offlinePaths(): readonly string[] {
    return this.all.filter(({ failure }) => failure !== null).map(({ path }) => path);
  }

  /** Folders that take no records at the moment. */
  get fullPaths(): readonly string[] {
    return this.all.filter(({ isFull }) => isFull).map(({ path }) => path);
  }

  /** A sentence for the user where there is none left to use; null while there is. */
  get nothingLeft(): string | null {
    const paths = this.offlinePaths;
    if (paths.length < this.all.length) return null;
    return `every folder of log.dirs has failed: ${paths.join(', ')}`;
  }

  /** Throws where there is none left to use. */
  checkAny(): void {
    const { nothingLeft } = this;
    if (nothingLeft !== null) throw new Error(nothingLeft, { cause: this.all[0]?.failure });
  }
}
