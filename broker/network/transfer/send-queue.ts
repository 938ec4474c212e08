/**
 * What one connection has still to send, in order: buffers and file spans, the first span perhaps in
 * part. Owns a reference to every span in it until the span is sent or the queue is closed.
 */

import assert from 'node:assert/strict';
import type { FileSpan, Payload, PayloadPart } from '../../model/payload.ts';
import { payloadSize, releasePayload } from '../../model/payload.ts';

export class SendQueue {
  #parts: PayloadPart[] = [];
  #size = 0;
  /** Bytes of the first part, a span, that are sent. */
  #sent = 0;
  #isClosed = false;

  /** Bytes that are left. */
  get size(): number {
    return this.#size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(payload: Payload): void {
    if (this.#isClosed) {
      releasePayload(payload);
      return;
    }
    for (const part of payload) this.#parts.push(part);
    this.#size += payloadSize(payload);
  }

  /** Takes out the buffers at the head. */
  takeBuffers(): readonly Buffer[] {
    const buffers: Buffer[] = [];
    for (const part of this.#parts) {
      if (!Buffer.isBuffer(part)) break;
      buffers.push(part);
      this.#size -= part.length;
    }
    if (buffers.length > 0) this.#parts.splice(0, buffers.length);
    return buffers;
  }

  /** The span at the head; null if there is a buffer, or nothing. */
  get span(): FileSpan | null {
    const [first] = this.#parts;
    return first === undefined || Buffer.isBuffer(first) ? null : first;
  }

  /** How much of the span at the head is sent. */
  get sentOfSpan(): number {
    return this.#sent;
  }

  /** So much more of the span at the head is sent. */
  advance(size: number): void {
    const span = this.span;
    assert(span !== null && this.#sent + size <= span.size);
    this.#sent += size;
    this.#size -= size;
    if (this.#sent < span.size) return;
    this.#sent = 0;
    this.#parts.shift();
    span.release();
  }

  /**
   * Reads the next piece of the span at the head and counts it as sent; null if the queue was closed
   * meanwhile. Rejects, the span being released, if the file cannot be read.
   */
  async readPiece(sizeMax: number): Promise<Buffer | null> {
    const span = this.span;
    assert(span !== null);
    // Out of the queue while it is read: close() must not give it back under the read.
    this.#parts.shift();
    const size = Math.min(span.size - this.#sent, sizeMax);
    let piece: Buffer;
    try {
      piece = await span.slice(this.#sent, size);
    } catch (error) {
      span.release();
      throw error;
    }
    if (this.#isClosed) {
      span.release();
      return null;
    }
    this.#parts.unshift(span);
    this.advance(size);
    return piece;
  }

  /** Gives back all that is left; what is added later is given back at once. */
  close(): void {
    this.#isClosed = true;
    releasePayload(this.#parts);
    this.#parts = [];
    this.#size = 0;
  }
}
