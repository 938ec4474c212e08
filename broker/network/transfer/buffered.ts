/**
 * The transfer for sockets that sendfile does not reach: each span is read into memory, one at a
 * time, and written when what was before it has been taken by the kernel.
 */

import type { FileSpan, Payload, PayloadPart } from '../../model/payload.ts';
import { releasePayload } from '../../model/payload.ts';
import type { ByteSocket } from '../../platform/socket.ts';
import type { Transfer, TransferOptions } from './transfer.ts';

export class BufferedTransfer implements Transfer {
  readonly #socket: ByteSocket;
  readonly #options: TransferOptions;
  #queue: PayloadPart[] = [];
  #queuedSize = 0;
  #busy = false;
  #closed = false;

  constructor(socket: ByteSocket, options: TransferOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  get queuedSize(): number {
    return this.#queuedSize + this.#socket.pendingSize;
  }

  send(payload: Payload): void {
    if (this.#closed) {
      releasePayload(payload);
      return;
    }
    for (const part of payload) {
      this.#queue.push(part);
      this.#queuedSize += Buffer.isBuffer(part) ? part.length : part.size;
    }
    if (!this.#busy) this.#next();
  }

  close(): void {
    this.#closed = true;
    releasePayload(this.#queue);
    this.#queue = [];
    this.#queuedSize = 0;
  }

  #next(): void {
    this.#busy = false;
    if (this.#closed) return;
    const buffers = this.#takeBuffers();
    if (buffers.length > 0) {
      this.#write(buffers);
      return;
    }
    const span = this.#queue.shift();
    if (span === undefined) this.#options.onDrained();
    else if (!Buffer.isBuffer(span)) void this.#sendSpan(span);
  }

  #takeBuffers(): Buffer[] {
    const buffers: Buffer[] = [];
    for (const part of this.#queue) {
      if (!Buffer.isBuffer(part)) break;
      buffers.push(part);
    }
    this.#queue.splice(0, buffers.length);
    return buffers;
  }

  #write(buffers: readonly Buffer[]): void {
    this.#busy = true;
    for (const buffer of buffers) this.#queuedSize -= buffer.length;
    this.#socket.write(buffers, () => this.#next());
  }

  async #sendSpan(span: FileSpan): Promise<void> {
    this.#busy = true;
    try {
      const bytes = await span.read();
      this.#queuedSize -= span.size;
      if (!this.#closed) this.#socket.write([bytes], () => this.#next());
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      span.release();
    }
  }
}
