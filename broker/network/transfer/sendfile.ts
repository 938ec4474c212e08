/**
 * The transfer for plain sockets on Linux: spans go from file to socket by sendfile(2), past the
 * process's memory.
 *
 * The socket's own queue and sendfile share one descriptor, so they take turns: sendfile runs only
 * while the socket has nothing pending. When the kernel's buffer is full, one buffered chunk is
 * handed to the socket: its callback is the news that there is room again. One connection sends at
 * most TURN_SIZE_MAX or TURN_MS_MAX at a time, so that a fast reader does not hold the event loop.
 * Pages that are not in memory are read in the thread pool and sent as a buffered chunk: sendfile
 * would stop the loop until the disk has answered (KAFKA-7504).
 */

import type { FileSpan, Payload } from '../../model/payload.ts';
import type { Clock } from '../../platform/clock.ts';
import type { IsResident, Sendfile } from '../../platform/libc.ts';
import type { ByteSocket } from '../../platform/socket.ts';
import type { Timers } from '../../platform/timers.ts';
import { SendQueue } from './send-queue.ts';
import type { Transfer, TransferOptions } from './transfer.ts';

const TURN_SIZE_MAX = 1024 * 1024;
const TURN_MS_MAX = 1;
const CALL_SIZE_MAX = 256 * 1024;
const WAIT_CHUNK_SIZE = 64 * 1024;
/** The peer went away: nothing is wrong with the file. */
const PEER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ENOTCONN', 'ETIMEDOUT']);

export interface SendfileOptions extends TransferOptions {
  readonly sendfile: Sendfile;
  readonly isResident: IsResident;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class SendfileTransfer implements Transfer {
  readonly #socket: ByteSocket;
  readonly #options: SendfileOptions;
  readonly #queue = new SendQueue();
  #busy = false;

  constructor(socket: ByteSocket, options: SendfileOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  get queuedSize(): number {
    return this.#queue.size + this.#socket.pendingSize;
  }

  send(payload: Payload): void {
    this.#queue.add(payload);
    if (!this.#busy) this.#turn();
  }

  close(): void {
    this.#queue.close();
  }

  readonly #turn = (): void => {
    this.#busy = true;
    // Without a descriptor the socket is destroyed, and close() comes.
    if (this.#queue.isClosed || this.#socket.fd < 0) return;
    const endMs = this.#options.clock.monotonicMs() + TURN_MS_MAX;
    let allowance = TURN_SIZE_MAX;
    while (this.#queue.size > 0) {
      if (this.#socket.pendingSize > 0 || !this.#sendBuffers()) return;
      const { span } = this.#queue;
      if (span === null) continue;
      const size = this.#sendSpan(span);
      if (size === 0) return;
      allowance -= size;
      const isOver = allowance <= 0 || this.#options.clock.monotonicMs() > endMs;
      if (isOver && this.#queue.size > 0) {
        this.#options.timers.soon(this.#turn);
        return;
      }
    }
    this.#busy = false;
    this.#options.onDrained();
  };

  /** Writes the buffers at the head of the queue; false if the next turn comes by their callback. */
  #sendBuffers(): boolean {
    const buffers = this.#queue.takeBuffers();
    if (buffers.length === 0) return true;
    this.#socket.write(buffers);
    if (this.#socket.pendingSize === 0) return true;
    // The socket tells when it has taken an empty write that is queued behind the pending ones.
    this.#socket.write([Buffer.alloc(0)], this.#turn);
    return false;
  }

  /** Bytes sent; 0 if the turn is over: the kernel is full, or the file failed. */
  #sendSpan(span: FileSpan): number {
    const sent = this.#queue.sentOfSpan;
    const position = span.position + sent;
    const size = Math.min(span.size - sent, CALL_SIZE_MAX);
    // Where the file system cannot say, the page cache is believed to hold what was just written.
    if (this.#options.isResident(span.fd, position, size) === false) {
      void this.#sendBufferedChunk(size);
      return 0;
    }
    const result = this.#options.sendfile(this.#socket.fd, span.fd, position, size);
    if (result === 'again') {
      void this.#sendBufferedChunk(WAIT_CHUNK_SIZE);
      return 0;
    }
    if (result === 0) {
      this.#fail(new Error('the file ended early'));
      return 0;
    }
    if (typeof result !== 'number') {
      // What the disk has failed with is met again by a read, of which its owner takes notice.
      if (isPeerGone(result)) this.#fail(result);
      else void this.#sendBufferedChunk(size);
      return 0;
    }
    this.#queue.advance(result);
    return result;
  }

  async #sendBufferedChunk(sizeMax: number): Promise<void> {
    try {
      const chunk = await this.#queue.readPiece(sizeMax);
      if (chunk !== null) this.#socket.write([chunk], this.#turn);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#queue.isClosed) return;
    if (isPeerGone(error)) {
      this.#socket.destroy();
      return;
    }
    this.#options.onFailure(error);
  }
}

function isPeerGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && PEER_GONE.has(String(error.code));
}
