/**
 * The transfer for sockets that sendfile does not reach: spans are read into memory, one piece at a
 * time, and written when what was before it has been taken by the kernel.
 */

import type { Payload } from '../../model/payload.ts';
import type { ByteSocket } from '../../platform/socket.ts';
import { SendQueue } from './send-queue.ts';
import type { Transfer, TransferOptions } from './transfer.ts';

const PIECE_SIZE_MAX = 1024 * 1024;

export class BufferedTransfer implements Transfer {
  readonly #socket: ByteSocket;
  readonly #options: TransferOptions;
  readonly #queue = new SendQueue();
  #busy = false;

  constructor(socket: ByteSocket, options: TransferOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  get queuedSize(): number {
    return this.#queue.size + this.#socket.pendingSize;
  }

  send(payload: Payload): void {
    this.#queue.add(payload);
    if (!this.#busy) this.#next();
  }

  close(): void {
    this.#queue.close();
  }

  readonly #next = (): void => {
    this.#busy = false;
    if (this.#queue.isClosed) return;
    const buffers = this.#queue.takeBuffers();
    if (buffers.length > 0) this.#write(buffers);
    else if (this.#queue.span === null) this.#options.onDrained();
    else void this.#sendPiece();
  };

  #write(buffers: readonly Buffer[]): void {
    this.#busy = true;
    this.#socket.write(buffers, this.#next);
  }

  async #sendPiece(): Promise<void> {
    this.#busy = true;
    try {
      const piece = await this.#queue.readPiece(PIECE_SIZE_MAX);
      if (piece !== null) this.#write([piece]);
    } catch (error) {
      if (!this.#queue.isClosed) this.#options.onFailure(error);
    }
  }
}
