/**
 * One end of a connection in memory: bytes arrive in order and in pieces, when the ports let them. What
 * the peer has not read when the connection ends is lost.
 */

import type { ByteSocket, SocketOwner } from '../../../broker/platform/socket.ts';

export interface SocketPorts {
  /** Happens at this end, after what happens now. */
  readonly here: (action: () => void) => void;
  /** Happens at the other end, when it gets there. */
  readonly there: (action: () => void) => void;
  /** How this end learns that bytes were taken. */
  readonly taken: (action: () => void) => void;
  readonly pieceSize: (waiting: number) => number;
  readonly onEnd: () => void;
}

interface Sent {
  bytes: Buffer;
  readonly onTaken: (() => void) | undefined;
}

export class MemorySocket implements ByteSocket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly fd = -1;
  readonly #ports: SocketPorts;
  #peer: MemorySocket | null = null;
  #owner: SocketOwner | null = null;
  /** Written here, not yet read by the peer. */
  #sent: Sent[] = [];
  #isDelivering = false;
  #isPaused = false;
  #hasEnded = false;

  constructor(ports: SocketPorts) {
    this.#ports = ports;
  }

  join(peer: MemorySocket, owner: SocketOwner): void {
    this.#peer = peer;
    this.#owner = owner;
    if (peer.#sent.length > 0) peer.deliverLater();
  }

  get pendingSize(): number {
    return this.#sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(buffers: readonly Buffer[], onTaken?: () => void): void {
    if (this.#hasEnded) return;
    this.#sent.push({ bytes: Buffer.concat(buffers), onTaken });
    this.deliverLater();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#peer?.deliverLater();
  }

  destroy(): void {
    this.end(null);
  }

  /** Both ends hear of it, each in its own time. */
  end(error: Error | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sent = [];
    this.#ports.onEnd();
    this.#ports.here(() => this.#owner?.onClose(error));
    this.#ports.there(() => this.#peer?.end(null));
  }

  deliverLater(): void {
    if (this.#isDelivering || this.#hasEnded) return;
    this.#isDelivering = true;
    this.#ports.there(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const peer = this.#peer;
    const [first] = this.#sent;
    if (first === undefined || peer === null || this.#hasEnded) return;
    if (peer.#isPaused || peer.#owner === null || peer.#hasEnded) return;
    const size = Math.max(
      1,
      Math.min(this.#ports.pieceSize(first.bytes.length), first.bytes.length),
    );
    peer.#receive(first.bytes.subarray(0, size));
    first.bytes = first.bytes.subarray(size);
    if (first.bytes.length === 0) {
      this.#sent.shift();
      if (first.onTaken !== undefined) this.#ports.taken(first.onTaken);
    }
    if (this.#sent.length > 0) this.deliverLater();
  }

  #receive(bytes: Buffer): void {
    for (let position = 0; position < bytes.length && !this.#hasEnded;) {
      const target = this.#owner?.nextBuffer() ?? Buffer.alloc(0);
      const size = bytes.copy(target, 0, position);
      position += size;
      this.#owner?.onData(size);
    }
  }
}

export function socketError(code: string, port: number): Error {
  return Object.assign(new Error(`${code} port ${String(port)}`), { code });
}
