/** An open file below a log.dir; see DiskFileSystem. */

import type { FileHandle } from '../../platform/file-system.ts';
import type { Disk } from './disk.ts';

/** Records, and what compaction makes of them: the files that fill disks. */
const DATA_FILE = /\.log(?:\.[^./]+)?$/;

export class DiskFileHandle implements FileHandle {
  readonly fd: number;
  readonly #inner: FileHandle;
  readonly #disk: Disk;
  /** What is behind it may be refused; small files have a reserve. */
  readonly #isData: boolean;

  constructor(inner: FileHandle, file: { readonly disk: Disk; readonly path: string }) {
    this.fd = inner.fd;
    this.#inner = inner;
    this.#disk = file.disk;
    this.#isData = DATA_FILE.test(file.path);
  }

  /** A write waits in line only where others do; then it is one of those in the thread pool. */
  write(buffers: readonly Buffer[], position: number): Promise<void> | undefined {
    const { gate } = this.#disk;
    this.#disk.checkOnline();
    if (!gate.tryEnter()) {
      return this.#writeAgain(
        this.#run(() => this.#inner.write(buffers, position)),
        buffers,
        position,
      );
    }
    let pending: Promise<void> | undefined;
    try {
      pending = this.#inner.write(buffers, position);
    } catch (error) {
      gate.leave();
      if (this.#disk.note(error) !== 'full' || this.#isData) throw error;
      return this.#writeAgain(Promise.reject(asError(error)), buffers, position);
    }
    if (pending === undefined) {
      gate.leave();
      return undefined;
    }
    return this.#writeAgain(
      pending.finally(() => gate.leave()),
      buffers,
      position,
    );
  }

  read(target: Buffer, position: number): Promise<number> {
    return this.#noted(this.#run(() => this.#inner.read(target, position)));
  }

  size(): Promise<number> {
    return this.#noted(this.#run(() => this.#inner.size()));
  }

  truncate(size: number): Promise<void> {
    return this.#noted(this.#run(() => this.#inner.truncate(size)));
  }

  sync(): Promise<void> {
    return this.#noted(this.#disk.sync(() => this.#inner.sync()));
  }

  /** Offline too: the descriptor is the process's, not the disk's. */
  close(): Promise<void> {
    return this.#disk.gate.run(() => this.#inner.close());
  }

  #run<T>(call: () => Promise<T> | T): Promise<T> {
    return this.#disk.gate.run(() => {
      this.#disk.checkOnline();
      return call();
    });
  }

  async #noted<T>(calling: Promise<T>): Promise<T> {
    try {
      return await calling;
    } catch (error) {
      this.#disk.note(error);
      throw error;
    }
  }

  /** A small file that found the disk full has one more try when the reserve is gone. */
  async #writeAgain(
    writing: Promise<void>,
    buffers: readonly Buffer[],
    position: number,
  ): Promise<void> {
    try {
      await writing;
    } catch (error) {
      const isFull = this.#disk.note(error) === 'full';
      if (!isFull || this.#isData) throw error;
      await this.#disk.makeRoom();
      await this.#noted(this.#run(() => this.#inner.write(buffers, position)));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a write failed', { cause: error });
}
