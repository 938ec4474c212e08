/**
 * The transfer for plain sockets on Linux: spans go from file to socket by sendfile(2), past the
 * process's memory.
 *
 * The socket's own queue and sendfile share one descriptor, so they take turns: sendfile runs only
 * while the socket has nothing pending. When the kernel's buffer is full, one buffered chunk is
 * handed to the socket: its callback is the news that there is room again. One connection sends at
 * most TURN_SIZE_MAX or TURN_MS_MAX at a time, so that a fast reader does not hold the event loop.
 */

import type { FileSpan, Payload, PayloadPart } from '../../model/payload.ts';
import { releasePayload } from '../../model/payload.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Sendfile } from '../../platform/libc.ts';
import type { ByteSocket } from '../../platform/socket.ts';
import type { Timers } from '../../platform/timers.ts';
import type { Transfer, TransferOptions } from './transfer.ts';

const TURN_SIZE_MAX = 1024 * 1024;
const TURN_MS_MAX = 1;
const CALL_SIZE_MAX = 256 * 1024;
const WAIT_CHUNK_SIZE = 64 * 1024;
/** The peer went away: nothing is wrong with the file. */
const PEER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ENOTCONN', 'ETIMEDOUT']);

export interface SendfileOptions extends TransferOptions {
  readonly sendfile: Sendfile;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class SendfileTransfer implements Transfer {
  readonly #socket: ByteSocket;
  readonly #options: SendfileOptions;
  #queue: PayloadPart[] = [];
  #queuedSize = 0;
  /** Bytes of the first part, a span, that are sent. */
  #sent = 0;
  #busy = false;
  #closed = false;

  constructor(socket: ByteSocket, options: SendfileOptions) {
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
    if (!this.#busy) this.#turn();
  }

  close(): void {
    this.#closed = true;
    releasePayload(this.#queue);
    this.#queue = [];
    this.#queuedSize = 0;
  }

  readonly #turn = (): void => {
    this.#busy = true;
    // Without a descriptor the socket is destroyed, and close() comes.
    if (this.#closed || this.#socket.fd < 0) return;
    const endMs = this.#options.clock.monotonicMs() + TURN_MS_MAX;
    let allowance = TURN_SIZE_MAX;
    while (this.#queue.length > 0) {
      if (this.#socket.pendingSize > 0 || !this.#sendBuffers()) return;
      const span = this.#queue[0];
      if (span === undefined || Buffer.isBuffer(span)) continue;
      const size = this.#sendSpan(span);
      if (size === 0) return;
      allowance -= size;
      if (allowance <= 0 || this.#options.clock.monotonicMs() > endMs) {
        if (this.#queue.length > 0) {
          this.#options.timers.soon(this.#turn);
          return;
        }
      }
    }
    this.#busy = false;
    this.#options.onDrained();
  };

  /** Writes the buffers at the head of the queue; false if the next turn comes by their callback. */
  #sendBuffers(): boolean {
    let count = 0;
    while (Buffer.isBuffer(this.#queue[count])) count += 1;
    if (count === 0) return true;
    const buffers = this.#queue.splice(0, count).filter((part) => Buffer.isBuffer(part));
    for (const buffer of buffers) this.#queuedSize -= buffer.length;
    this.#socket.write(buffers);
    if (this.#socket.pendingSize === 0) return true;
    this.#waitForRoom();
    return false;
  }

  /** Bytes sent; 0 if the turn is over: the kernel is full, or the file failed. */
  #sendSpan(span: FileSpan): number {
    const left = span.size - this.#sent;
    const result = this.#options.sendfile(
      this.#socket.fd,
      span.fd,
      span.position + this.#sent,
      Math.min(left, CALL_SIZE_MAX),
    );
    if (result === 'again') {
      void this.#sendBufferedChunk(span);
      return 0;
    }
    if (typeof result !== 'number' || result === 0) {
      const reason = typeof result === 'number' ? new Error('the file ended early') : result;
      this.#fail(reason);
      return 0;
    }
    this.#advance(span, result);
    return result;
  }

  #advance(span: FileSpan, size: number): void {
    this.#sent += size;
    this.#queuedSize -= size;
    if (this.#sent < span.size) return;
    this.#sent = 0;
    this.#queue.shift();
    span.release();
  }

  /** The socket tells when it has taken an empty write that is queued behind the pending ones. */
  #waitForRoom(): void {
    this.#socket.write([Buffer.alloc(0)], this.#turn);
  }

  async #sendBufferedChunk(span: FileSpan): Promise<void> {
    const size = Math.min(span.size - this.#sent, WAIT_CHUNK_SIZE);
    // Out of the queue while it is read: close() must not give it back under the read.
    this.#queue.shift();
    let chunk: Buffer;
    try {
      chunk = await span.slice(this.#sent, size);
    } catch (error) {
      span.release();
      this.#fail(error);
      return;
    }
    if (this.#closed) {
      span.release();
      return;
    }
    this.#queue.unshift(span);
    this.#advance(span, size);
    this.#socket.write([chunk], this.#turn);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    if (error instanceof Error && 'code' in error && PEER_GONE.has(String(error.code))) {
      this.#socket.destroy();
      return;
    }
    this.#options.onFailure(error);
  }
}
