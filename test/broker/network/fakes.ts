/** A socket whose other end is the test, spans that count their releases, and a connection on them. */

import type { FileSpan, Payload } from '../../../broker/model/payload.ts';
import { Connection } from '../../../broker/network/connection.ts';
import type { Answer, Peer } from '../../../broker/model/request-handler.ts';
import { BufferedTransfer } from '../../../broker/network/transfer/buffered.ts';
import { RequestMemory } from '../../../broker/network/request-memory.ts';
import type { ByteSocket, SocketOwner } from '../../../broker/platform/socket.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { settled } from '../../support/manual-time.ts';

export class FakeSocket implements ByteSocket {
  readonly remoteAddress = '192.0.2.1';
  readonly remotePort = 1234;
  readonly localAddress = '192.0.2.2';
  readonly localPort = 9092;
  fd = -1;
  isPaused = false;
  isDestroyed = false;
  owner: SocketOwner | null = null;
  /** What the peer has received. */
  taken: Buffer[] = [];
  /** Write calls of the kernel's, for tests of what goes out together. */
  writeCount = 0;
  /** Whether the peer reads; what it does not read stays pending. */
  isReading = true;
  #pending: { readonly buffers: readonly Buffer[]; readonly onTaken: (() => void) | undefined }[] =
    [];

  get pendingSize(): number {
    return this.#pending.flatMap(({ buffers }) => buffers).reduce((sum, it) => sum + it.length, 0);
  }

  get received(): Buffer {
    return Buffer.concat(this.taken);
  }

  write(buffers: readonly Buffer[], onTaken?: () => void): void {
    this.writeCount += 1;
    this.#pending.push({ buffers: buffers.map((it) => Buffer.from(it)), onTaken });
    if (this.isReading) this.flush();
  }

  /** The peer reads what is pending. */
  flush(): void {
    for (const { buffers, onTaken } of this.#pending.splice(0)) {
      this.taken.push(...buffers);
      if (onTaken !== undefined) queueMicrotask(onTaken);
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** As Node does: the owner hears of it in a later turn. */
  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    setImmediate(() => this.owner?.onClose(null));
  }

  /** Bytes of the peer, in as many reads as the owner's buffers need. */
  deliver(bytes: Buffer): void {
    for (let position = 0; position < bytes.length && !this.isDestroyed;) {
      const target = this.owner?.nextBuffer() ?? Buffer.alloc(0);
      const size = bytes.copy(target, 0, position);
      position += size;
      this.owner?.onData(size);
    }
  }
}

/** A span of memory that counts how often it was released. */
export class FakeSpan implements FileSpan {
  readonly fd: number;
  readonly position: number;
  releases = 0;
  /** The next read fails. */
  fails = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, { fd = 99, position = 0 } = {}) {
    this.#bytes = bytes;
    this.fd = fd;
    this.position = position;
  }

  get size(): number {
    return this.#bytes.length;
  }

  release(): void {
    this.releases += 1;
  }

  read(): Promise<Buffer> {
    return this.slice(0, this.size);
  }

  async slice(start: number, size: number): Promise<Buffer> {
    await Promise.resolve();
    if (this.fails) throw new Error('EIO');
    return Buffer.from(this.#bytes.subarray(start, start + size));
  }
}

export interface AskedRequest {
  /** As it was when it arrived. */
  readonly copy: Buffer;
  /** The view that the handler was given. */
  readonly frame: Buffer;
  answer(payload: Answer): void;
  fail(error: Error): void;
}

/** A connection whose requests the test answers. */
export function fakeConnection({
  requestSizeMax = 64 * 1024 * 1024,
  memory = new RequestMemory(Infinity),
} = {}): {
  readonly socket: FakeSocket;
  readonly connection: Connection;
  readonly asked: AskedRequest[];
  readonly log: CollectingLogger;
  readonly events: string[];
  /** Answers at once instead of asking the test. */
  answerAtOnce: (answer: (frame: Buffer) => Answer) => void;
} {
  const socket = new FakeSocket();
  const asked: AskedRequest[] = [];
  const events: string[] = [];
  const log = new CollectingLogger();
  let atOnce: ((frame: Buffer) => Answer) | null = null;
  const handle = (frame: Buffer): Answer | Promise<Answer> => {
    if (atOnce !== null) return atOnce(frame);
    return new Promise((resolve, reject) => {
      asked.push({ copy: Buffer.from(frame), frame, answer: resolve, fail: reject });
    });
  };
  const peer: Peer = { connectionId: 1, listenerName: 'PLAINTEXT', address: 'a', port: 1 };
  const connection = new Connection({
    peer,
    handler: { handle, disconnected: () => events.push('disconnected') },
    requestSizeMax,
    memory,
    sent: { value: 0 },
    refused: { value: 0 },
    logger: log,
    nowMs: () => 0,
    onClose: () => events.push('closed'),
  });
  socket.owner = connection;
  const transfer = new BufferedTransfer(socket, {
    onDrained: () => connection.onDrained(),
    onFailure: () => connection.close(),
  });
  connection.start(socket, transfer);
  return {
    socket,
    connection,
    asked,
    log,
    events,
    answerAtOnce: (answer) => (atOnce = answer),
  };
}

/** A frame of a request: size, key, version, a number that tells it from others, and filling. */
export function requestFrame(key: number, id: number, fillSize = 0): Buffer {
  const frame = Buffer.alloc(12 + fillSize, id & 0xff);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt16BE(key, 4);
  frame.writeInt16BE(0, 6);
  frame.writeInt32BE(id, 8);
  return frame;
}

export function idOf(frame: Buffer): number {
  return frame.readInt32BE(4);
}

export function answerOf(id: number): Payload {
  const answer = Buffer.alloc(4);
  answer.writeInt32BE(id);
  return [answer];
}

/** The answers that the peer has, as their ids. */
export function answered(socket: FakeSocket): readonly number[] {
  const bytes = socket.received;
  return Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readInt32BE(place * 4));
}

export { settled };
