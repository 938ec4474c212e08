/**
 * The transfer for sockets that sendfile does not reach: spans are read into memory, one piece at a
 * time, and written when what was before it has been taken by the kernel.
 */

import type { FileSpan, Payload, PayloadPart } from '../../model/payload.ts';
import { releasePayload } from '../../model/payload.ts';
import type { ByteSocket } from '../../platform/socket.ts';
import type { Transfer, TransferOptions } from './transfer.ts';

const PIECE_SIZE_MAX = 1024 * 1024;

export class BufferedTransfer implements Transfer {
  readonly #socket: ByteSocket;
  readonly #options: TransferOptions;
  #queue: PayloadPart[] = [];
  #queuedSize = 0;
  /** Bytes of the first part, a span, that are sent. */
  #sent = 0;
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
    const span = this.#queue[0];
    if (span === undefined) this.#options.onDrained();
    else if (!Buffer.isBuffer(span)) void this.#sendPiece(span);
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

  async #sendPiece(span: FileSpan): Promise<void> {
    this.#busy = true;
    const size = Math.min(span.size - this.#sent, PIECE_SIZE_MAX);
    // Out of the queue while it is read: close() must not give it back under the read.
    this.#queue.shift();
    let piece: Buffer;
    try {
      piece = await span.slice(this.#sent, size);
    } catch (error) {
      span.release();
      if (!this.#closed) this.#options.onFailure(error);
      return;
    }
    this.#sent += size;
    if (this.#closed || this.#sent === span.size) {
      this.#sent = 0;
      span.release();
    } else this.#queue.unshift(span);
    if (this.#closed) return;
    this.#queuedSize -= size;
    this.#socket.write([piece], () => this.#next());
  }
}
