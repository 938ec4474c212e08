/**
 * A file in the root of a log.dir that only takes up space. On a full disk it is removed, so that
 * checkpoints, indexes and snapshots can still be written; it is taken again when there is room.
 * Apache Kafka looks at nothing but folders there.
 */

import type { FileSystem } from '../../platform/file-system.ts';

const RESERVE_FILE = '.odradek-reserve';

export class ReserveFile {
  readonly size: number;
  readonly #fileSystem: FileSystem;
  readonly #path: string;

  constructor(options: {
    readonly fileSystem: FileSystem;
    readonly folder: string;
    readonly size: number;
  }) {
    this.size = options.size;
    this.#fileSystem = options.fileSystem;
    this.#path = `${options.folder}/${RESERVE_FILE}`;
  }

  /** Nothing happens if it is there in full. Rejects with the file system's error, leaving none. */
  async take(): Promise<void> {
    if ((await this.#fileSystem.stat(this.#path))?.size === this.size) return;
    try {
      await this.#write();
    } catch (error) {
      await this.#fileSystem.remove(this.#path).catch(() => undefined);
      throw error;
    }
  }

  release(): Promise<void> {
    return this.#fileSystem.remove(this.#path);
  }

  /** Synced: some file systems find out only then that there is no room. */
  async #write(): Promise<void> {
    const handle = await this.#fileSystem.open(this.#path, 'write');
    try {
      await handle.truncate(0);
      await handle.write([incompressible(this.size)], 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** Where a file system compresses, zeros would take no space. */
function incompressible(size: number): Buffer {
  const words = new Uint32Array(size / 4);
  const { imul } = Math;
  let state = 1;
  for (let index = 0; index < words.length; index += 1) {
    state = (imul(state, 1664525) + 1013904223) | 0;
    words[index] = state;
  }
  return Buffer.from(words.buffer);
}
