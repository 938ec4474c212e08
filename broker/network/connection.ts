/**
 * One client's connection: cuts the bytes into frames, starts requests in order, sends answers in
 * order.
 *
 * Invariants: a request starts when all before it are answered; produce requests alone may be in
 * flight together. Answers leave in the order of their requests, those that are ready at the same
 * time in one send. Frames wait, and reading pauses, while the connection holds more than
 * `QUEUED_SIZE_MAX` of unanswered requests or unsent answers. A frame is charged to the memory that
 * the connections share when its size is known; while there is no room in it, reading pauses too. A
 * frame with an impossible size ends the connection with one log line.
 */

import type { PayloadPart } from '../model/payload.ts';
import { payloadSize, releasePayload } from '../model/payload.ts';
import type { Answer, Peer, RequestHandler } from '../model/request-handler.ts';
import type { Count } from '../metrics/metrics.ts';
import type { Logger } from '../platform/logger.ts';
import type { ByteSocket, SocketOwner } from '../platform/socket.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Fifo } from './fifo.ts';
import type { RetainedRegion } from './receive-buffer.ts';
import { ReceiveBuffer } from './receive-buffer.ts';
import type { RegionPool } from './region-pool.ts';
import type { MemoryWait, RequestMemory } from './request-memory.ts';
import type { Transfer } from './transfer/transfer.ts';

const PRODUCE_KEY = 0;
const IN_FLIGHT_MAX = 128;
const QUEUED_SIZE_MAX = 8 * 1024 * 1024;
const SIZE_FIELD = 4;

export interface ConnectionOptions {
  readonly peer: Peer;
  readonly handler: RequestHandler;
  readonly requestSizeMax: number;
  readonly logger: Logger;
  readonly onClose: (connection: Connection) => void;
  /** Shared with other connections; one of its own unless given. */
  readonly regions?: RegionPool;
  /** Shared with all connections of the broker. */
  readonly memory: RequestMemory;
  /** Bytes of answers. */
  readonly sent: Count;
  /** Connections ended for what they sent, among others. */
  readonly refused: Count;
  readonly nowMs: () => number;
}

/** A request from its arrival to the sending of its answer. */
interface Slot {
  readonly frame: Buffer;
  readonly region: RetainedRegion;
  /** Undefined until it is known. */
  answer: Answer | undefined;
}

export class Connection implements SocketOwner {
  readonly peer: Peer;
  readonly #options: ConnectionOptions;
  readonly #received: ReceiveBuffer;
  #socket: ByteSocket | null = null;
  #transfer: Transfer | null = null;
  /** Requests that have started and whose answer is not sent, oldest first. */
  #slots: Slot[] = [];
  #onlyProduce = true;
  #inFlightSize = 0;
  /** Requests that may not start yet. */
  readonly #waiting = new Fifo<Slot>();
  #waitingSize = 0;
  /** The frame that is being received is charged to the memory, with so many bytes. */
  #charged: number | null = null;
  #memoryWait: MemoryWait | null = null;
  #paused = false;
  #pumpPlanned = false;
  #closed = false;
  /** The connection has to end: nothing is started any more, and nothing else is said of it. */
  #ending = false;
  #draining = false;
  /** When something last arrived or was answered, for connections.max.idle.ms. */
  lastActiveMs: number;

  constructor(options: ConnectionOptions) {
    this.peer = options.peer;
    this.#options = options;
    this.#received = new ReceiveBuffer(options.regions);
    this.lastActiveMs = options.nowMs();
  }

  start(socket: ByteSocket, transfer: Transfer): void {
    this.#socket = socket;
    this.#transfer = transfer;
  }

  /** No request is waiting, in work, or on its way back. */
  get idle(): boolean {
    return this.#slots.length === 0 && this.#waiting.length === 0 && this.#queuedSize() === 0;
  }

  /** Takes no further requests; closes as soon as those begun are answered. */
  drain(): void {
    this.#draining = true;
    this.#dropWaiting();
    if (this.idle) this.close();
  }

  close(): void {
    this.#ending = true;
    this.#socket?.destroy();
  }

  /** The transfer has sent all it had; it says so within send() where the kernel took all at once. */
  onDrained(): void {
    if (this.#draining && this.idle) this.close();
    else this.#pumpSoon();
  }

  nextBuffer(): Buffer {
    return this.#received.next(this.#frameSizeWanted());
  }

  onData(size: number): void {
    if (this.#ending) return;
    this.lastActiveMs = this.#options.nowMs();
    this.#received.arrived(size);
    this.#proceed();
  }

  onClose(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    if (error !== null) this.#options.logger.debug({ err: error }, 'connection lost');
    this.#transfer?.close();
    this.#dropWaiting();
    this.#dropFrame();
    // Those without an answer are looked at by their handlers still: #await() lets go of them.
    for (const slot of this.#slots) {
      if (slot.answer === undefined) continue;
      if (slot.answer !== null) releasePayload(slot.answer);
      this.#letGo(slot);
    }
    this.#options.handler.disconnected(this.peer);
    this.#options.onClose(this);
  }

  #frameSizeWanted(): number {
    if (this.#received.size < SIZE_FIELD) return 0;
    return Math.min(this.#received.peekInt32(), this.#options.requestSizeMax) + SIZE_FIELD;
  }

  /** False if the connection had to be closed. */
  #cutFrames(): boolean {
    while (this.#received.size >= SIZE_FIELD) {
      const size = this.#received.peekInt32();
      if (size < 0 || size > this.#options.requestSizeMax) {
        this.#refuse(`a request of ${String(size)} bytes`);
        return false;
      }
      if (!this.#isCharged(size) || this.#received.size < SIZE_FIELD + size) break;
      this.#charged = null;
      this.#received.skip(SIZE_FIELD);
      const frame = this.#received.take(size);
      this.#waiting.push({ frame, region: this.#received.retain(), answer: undefined });
      this.#waitingSize += size;
    }
    return true;
  }

  /** False: there is no room in the memory; the connection goes on by itself when there is. */
  #isCharged(size: number): boolean {
    if (this.#charged !== null) return true;
    if (this.#memoryWait !== null) return false;
    this.#memoryWait = this.#options.memory.take(size, () => {
      this.#memoryWait = null;
      this.#charged = size;
      this.#pumpSoon();
    });
    if (this.#memoryWait === null) this.#charged = size;
    return this.#memoryWait === null;
  }

  /** Takes the frames that are there, and goes on with them. */
  #proceed(): void {
    if (!this.#cutFrames()) return;
    if (this.#draining) this.#dropWaiting();
    this.#pump();
  }

  /** Starts what may start, sends what is ready, and reads on only while there is room. */
  #pump(): void {
    while (!this.#ending) {
      const next = this.#waiting.first;
      if (next === undefined || !this.#mayStart(next.frame)) break;
      this.#waiting.shift();
      this.#startRequest(next);
    }
    if (this.#ending) return;
    this.#sendReady();
    this.#balance();
  }

  #mayStart(frame: Buffer): boolean {
    if (this.#draining || this.#queuedSize() > QUEUED_SIZE_MAX) return false;
    if (this.#slots.length === 0) return true;
    if (this.#slots.length >= IN_FLIGHT_MAX || this.#inFlightSize > QUEUED_SIZE_MAX) return false;
    return this.#onlyProduce && isProduce(frame);
  }

  #startRequest(slot: Slot): void {
    const { frame } = slot;
    this.#waitingSize -= frame.length;
    this.#inFlightSize += frame.length;
    this.#onlyProduce = isProduce(frame);
    this.#slots.push(slot);
    try {
      const answer = this.#options.handler.handle(frame, this.peer);
      if (answer instanceof Promise) this.#await(slot, answer);
      else slot.answer = answer;
    } catch (error) {
      this.#letGo(slot);
      this.#fail(error);
    }
  }

  #await(slot: Slot, answer: Promise<Answer>): void {
    answer.then(
      (payload) => {
        if (this.#closed) {
          if (payload !== null) releasePayload(payload);
          this.#letGo(slot);
          return;
        }
        slot.answer = payload;
        if (this.#slots[0] === slot) this.#pumpSoon();
      },
      (error: unknown) => {
        this.#letGo(slot);
        this.#fail(error);
      },
    );
  }

  /** Answers of one turn go out together: the send waits until the others have had their say. */
  #pumpSoon(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    queueMicrotask(() => {
      this.#pumpPlanned = false;
      if (!this.#ending) this.#proceed();
    });
  }

  #sendReady(): void {
    let ready = 0;
    const payload: PayloadPart[] = [];
    for (const slot of this.#slots) {
      if (slot.answer === undefined) break;
      ready += 1;
      this.#inFlightSize -= slot.frame.length;
      this.#letGo(slot);
      if (slot.answer !== null) for (const part of slot.answer) payload.push(part);
    }
    if (ready === 0) return;
    this.#slots.splice(0, ready);
    this.lastActiveMs = this.#options.nowMs();
    if (payload.length > 0) {
      this.#options.sent.value += payloadSize(payload);
      this.#transfer?.send(payload);
    }
    if (this.#draining && this.idle) this.close();
  }

  #balance(): void {
    const next = this.#waiting.first;
    // What cannot start now starts when an answer has been given or sent: both call #pump() again.
    if (next !== undefined && this.#slots.length === 0 && this.#mayStart(next.frame))
      this.#pumpSoon();
    const held = this.#waitingSize + this.#inFlightSize + this.#queuedSize();
    const full = this.#memoryWait !== null || held > QUEUED_SIZE_MAX;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#socket?.pause();
    else this.#socket?.resume();
  }

  #queuedSize(): number {
    return this.#transfer?.queuedSize ?? 0;
  }

  #refuse(what: string): void {
    if (this.#ending) return;
    this.#options.refused.value += 1;
    const { address, port } = this.peer;
    this.#options.logger.warn({ client: `${address}:${String(port)}`, what }, 'connection refused');
    this.close();
  }

  #fail(error: unknown): void {
    if (this.#ending) return;
    if (error instanceof ProtocolError) this.#refuse(error.message);
    else {
      this.#options.logger.error({ err: error }, 'request failed; its connection is closed');
      this.close();
    }
  }

  #dropWaiting(): void {
    for (const slot of this.#waiting.takeAll()) this.#letGo(slot);
    this.#waitingSize = 0;
  }

  /** The frame that is being received will not come. */
  #dropFrame(): void {
    this.#memoryWait?.cancel();
    this.#memoryWait = null;
    if (this.#charged !== null) this.#options.memory.giveBack(this.#charged);
    this.#charged = null;
  }

  /** Nobody looks at the request's bytes any more. Once for each. */
  #letGo({ frame, region }: Slot): void {
    this.#received.release(region);
    this.#options.memory.giveBack(frame.length);
  }
}

function isProduce(frame: Buffer): boolean {
  return frame.length >= 2 && frame.readInt16BE(0) === PRODUCE_KEY;
}
