/**
 * Keeps at most so many segment files open, the least recently used closed first, so that thousands
 * of partitions share one bound. Owner: the log manager; used by every log and every span.
 *
 * Invariants: a descriptor is closed only when nobody holds a reference; one that was forgotten
 * (its file renamed or removed) is never handed out again and closes with its last reference.
 */

import assert from 'node:assert/strict';
import type { FileHandle, FileSystem } from '../../platform/file-system.ts';

type OpenMode = 'read' | 'write';

/** An open file and the references to it. Whoever acquired it releases it, once. */
export class Descriptor {
  readonly handle: FileHandle;
  readonly mode: OpenMode;
  readonly #onIdle: (descriptor: Descriptor) => void;
  #references = 0;
  #isForgotten = false;

  constructor(handle: FileHandle, mode: OpenMode, onIdle: (descriptor: Descriptor) => void) {
    this.handle = handle;
    this.mode = mode;
    this.#onIdle = onIdle;
  }

  get isIdle(): boolean {
    return this.#references === 0;
  }

  retain(): void {
    this.#references += 1;
  }

  release(): void {
    assert(this.#references > 0, 'a descriptor was released more often than acquired');
    this.#references -= 1;
    if (!this.isIdle) return;
    if (this.#isForgotten) this.#close();
    else this.#onIdle(this);
  }

  /** Closes it now or with its last reference. */
  forget(): void {
    if (this.#isForgotten) return;
    this.#isForgotten = true;
    if (this.isIdle) this.#close();
  }

  /** Nothing is lost by a close that fails: what must be durable was synced, and failed there. */
  #close(): void {
    this.handle.close().catch(() => undefined);
  }
}

export class DescriptorCache {
  readonly #fileSystem: FileSystem;
  readonly #openFilesMax: number;
  /** In the order of their last use. */
  readonly #open = new Map<string, Descriptor>();
  readonly #opening = new Map<string, Promise<FileHandle>>();

  constructor(fileSystem: FileSystem, openFilesMax: number) {
    this.#fileSystem = fileSystem;
    this.#openFilesMax = openFilesMax;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Without waiting; null if the file is not open in that mode (one open for writing is for both). */
  tryAcquire(path: string, mode: OpenMode): Descriptor | null {
    const descriptor = this.#open.get(path);
    if (descriptor === undefined) return null;
    if (mode === 'write' && descriptor.mode !== 'write') return null;
    this.#open.delete(path);
    this.#open.set(path, descriptor);
    descriptor.retain();
    return descriptor;
  }

  /** Opens the file if it is not; rejects with the file system's error. */
  async acquire(path: string, mode: OpenMode): Promise<Descriptor> {
    for (;;) {
      const ready = this.tryAcquire(path, mode);
      if (ready !== null) return ready;
      const underWay = this.#opening.get(path);
      if (underWay === undefined) return this.#openFile(path, mode);
      await underWay.catch(() => undefined);
    }
  }

  /** To be called after the file was renamed or removed. */
  forget(path: string): void {
    this.#opening.delete(path);
    const descriptor = this.#open.get(path);
    if (descriptor === undefined) return;
    this.#open.delete(path);
    descriptor.forget();
  }

  /** Forgets every file below a folder. */
  forgetFolder(folder: string): void {
    for (const path of [...this.#open.keys(), ...this.#opening.keys()]) {
      if (path.startsWith(`${folder}/`)) this.forget(path);
    }
  }

  async #openFile(path: string, mode: OpenMode): Promise<Descriptor> {
    const opening = this.#fileSystem.open(path, mode);
    this.#opening.set(path, opening);
    let isCurrent = false;
    try {
      await opening;
    } finally {
      isCurrent = this.#opening.get(path) === opening;
      if (isCurrent) this.#opening.delete(path);
    }
    const descriptor = new Descriptor(await opening, mode, (idle) => this.#onIdle(path, idle));
    descriptor.retain();
    if (isCurrent) this.#keep(path, descriptor);
    else descriptor.forget();
    return descriptor;
  }

  #keep(path: string, descriptor: Descriptor): void {
    this.#open.get(path)?.forget();
    this.#open.delete(path);
    this.#open.set(path, descriptor);
    if (this.#open.size > this.#openFilesMax) this.#closeIdle();
  }

  /** Where the bound was passed, none was idle: so it is this one that goes. */
  #onIdle(path: string, descriptor: Descriptor): void {
    if (this.#open.size <= this.#openFilesMax || this.#open.get(path) !== descriptor) return;
    this.#open.delete(path);
    descriptor.forget();
  }

  /** If all are in use the bound is passed for the moment: refusing would fail a reader. */
  #closeIdle(): void {
    for (const [path, descriptor] of this.#open) {
      if (this.#open.size <= this.#openFilesMax) return;
      if (!descriptor.isIdle) continue;
      this.#open.delete(path);
      descriptor.forget();
    }
  }
}
