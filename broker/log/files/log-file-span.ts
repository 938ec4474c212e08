/** A byte range of a segment, as answers carry it: holds one reference to the open file. */

import assert from 'node:assert/strict';
import type { FileSpan } from '../../model/payload.ts';
import type { Descriptor } from './descriptor-cache.ts';

export class LogFileSpan implements FileSpan {
  readonly fd: number;
  readonly position: number;
  readonly size: number;
  readonly #descriptor: Descriptor;
  #isReleased = false;

  /** Takes over the caller's reference. */
  constructor(descriptor: Descriptor, position: number, size: number) {
    assert(size > 0, 'a span has at least one byte');
    this.#descriptor = descriptor;
    this.fd = descriptor.handle.fd;
    this.position = position;
    this.size = size;
  }

  release(): void {
    assert(!this.#isReleased, 'a span was released twice');
    this.#isReleased = true;
    this.#descriptor.release();
  }

  read(): Promise<Buffer> {
    return this.slice(0, this.size);
  }

  async slice(start: number, size: number): Promise<Buffer> {
    assert(!this.#isReleased, 'a span was read after its release');
    assert(start >= 0 && size >= 0 && start + size <= this.size);
    const target = Buffer.allocUnsafe(size);
    return target.subarray(0, await this.#descriptor.handle.read(target, this.position + start));
  }
}
