/**
 * One outgoing connection to a broker: requests by API, answers by correlation id.
 *
 * Invariants: every request ends, by its answer, by its timeout, or by the end of the connection;
 * after an answer that fits nothing sent, or one that cannot be decoded, the connection is over; an
 * answer is in memory that nothing else is read into, large ones without a copy on the way.
 * A connection that has ended is not opened again: make another one.
 */

import { fileErrorCode } from '../platform/file-system.ts';
import type { Timer, Timers } from '../platform/timers.ts';
import type { ByteSocket, SocketOwner, Sockets } from '../platform/socket.ts';
import { readResponse, writeRequest } from '../protocol/frame.ts';
import { apiVersions } from '../protocol/messages/api-versions.ts';
import type { Api } from '../protocol/schema/api.ts';

const RESPONSE_SIZE_MAX = 100 * 1024 * 1024;
const SIZE_FIELD = 4;
const INITIAL_BUFFER_SIZE = 16 * 1024;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface BrokerConnectionOptions extends BrokerAddress {
  readonly clientId: string;
  readonly sockets: Sockets;
  readonly timers: Timers;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** The connection is gone, or a request took too long. `code` is that of the socket's error, if any. */
export class ConnectionError extends Error {
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectionError';
    this.code = fileErrorCode(options?.cause);
  }
}

interface Pending {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class BrokerConnection implements SocketOwner {
  readonly #options: BrokerConnectionOptions;
  readonly #pending = new Map<number, Pending>();
  #socket: ByteSocket | null = null;
  #buffer = Buffer.allocUnsafe(INITIAL_BUFFER_SIZE);
  #size = 0;
  #correlationId = 0;
  #versions: ReadonlyMap<number, readonly [number, number]> | null = null;
  #ended: ConnectionError | null = null;

  private constructor(options: BrokerConnectionOptions) {
    this.#options = options;
  }

  /** Rejects with a ConnectionError. */
  static async open(options: BrokerConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(options);
    const { host, port, connectTimeoutMs, sockets } = options;
    try {
      connection.#socket = await sockets.connect({
        host,
        port,
        timeoutMs: connectTimeoutMs,
        owner: connection,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConnectionError(reason, { cause });
    }
    return connection;
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  /** The versions that the broker serves, by API key; asked once. */
  async versions(): Promise<ReadonlyMap<number, readonly [number, number]>> {
    if (this.#versions !== null) return this.#versions;
    const answer = await this.send(apiVersions, 0, {
      clientSoftwareName: '',
      clientSoftwareVersion: '',
    });
    this.#versions = new Map(
      answer.apiKeys.map((entry) => [entry.apiKey, [entry.minVersion, entry.maxVersion]]),
    );
    return this.#versions;
  }

  /** The highest version that both sides have; null if there is none. */
  async commonVersion(
    api: Pick<Api, 'key' | 'versions'>,
    versionMax = api.versions[1],
  ): Promise<number | null> {
    const served = (await this.versions()).get(api.key);
    if (served === undefined) return null;
    const version = Math.min(served[1], versionMax);
    return version >= Math.max(served[0], api.versions[0]) ? version : null;
  }

  /** Sends a request in the version given and resolves with its answer. */
  async send<Req, Res>(
    api: Api<Req, Res>,
    version: number,
    request: Req,
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<Res> {
    const socket = this.#socket;
    if (this.#ended !== null || socket === null) throw this.#ended ?? new ConnectionError('closed');
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    const { clientId } = this.#options;
    socket.write([writeRequest(api, version, { correlationId, clientId }, request)]);
    const frame = await this.#answerOf(correlationId, `${api.name} v${String(version)}`, timeoutMs);
    try {
      return readResponse(api, version, frame).body;
    } catch (cause) {
      const ended = new ConnectionError(`an answer to ${api.name} cannot be read`, { cause });
      this.#end(ended);
      throw ended;
    }
  }

  close(): void {
    this.#end(new ConnectionError('the connection was closed'));
  }

  nextBuffer(): Buffer {
    const wanted = this.#size >= SIZE_FIELD ? this.#buffer.readInt32BE(0) + SIZE_FIELD : 0;
    if (this.#buffer.length < wanted) {
      // Exactly one frame: nothing behind it is read into the buffer, which is handed on as it is.
      const whole = Buffer.allocUnsafe(wanted);
      this.#buffer.copy(whole, 0, 0, this.#size);
      this.#buffer = whole;
    }
    return this.#buffer.subarray(this.#size);
  }

  onData(size: number): void {
    this.#size += size;
    let start = 0;
    while (this.#size - start >= SIZE_FIELD) {
      const frameSize = this.#buffer.readInt32BE(start);
      if (frameSize < SIZE_FIELD || frameSize > RESPONSE_SIZE_MAX) {
        const size = `an answer of ${String(frameSize)} bytes`;
        this.#end(new ConnectionError(`${size}: who answers does not speak the Kafka protocol`));
        return;
      }
      if (this.#size - start < SIZE_FIELD + frameSize) break;
      const frame = this.#buffer.subarray(start + SIZE_FIELD, start + SIZE_FIELD + frameSize);
      if (start === 0 && frameSize + SIZE_FIELD === this.#buffer.length) {
        this.#buffer = Buffer.allocUnsafe(INITIAL_BUFFER_SIZE);
        this.#size = 0;
        this.#answer(frame);
        return;
      }
      // A copy: whoever waits keeps views of it, and this buffer is read into again.
      this.#answer(Buffer.from(frame));
      start += SIZE_FIELD + frameSize;
    }
    this.#buffer.copyWithin(0, start, this.#size);
    this.#size -= start;
  }

  onClose(error: Error | null): void {
    this.#end(new ConnectionError('the connection was lost', { cause: error }));
  }

  #answerOf(correlationId: number, what: string, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const { host, port, timers } = this.#options;
      const timer = timers.after(timeoutMs, () => {
        const where = `${host}:${String(port)}`;
        this.#end(
          new ConnectionError(`no answer to ${what} from ${where} in ${String(timeoutMs)} ms`),
        );
      });
      this.#pending.set(correlationId, { resolve, reject, timer });
    });
  }

  #answer(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    const pending = this.#pending.get(correlationId);
    if (pending === undefined) {
      this.#end(new ConnectionError(`an answer to unknown request ${String(correlationId)}`));
      return;
    }
    this.#pending.delete(correlationId);
    pending.timer.cancel();
    pending.resolve(frame);
  }

  #end(error: ConnectionError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#socket?.destroy();
    for (const { reject, timer } of this.#pending.values()) {
      timer.cancel();
      reject(error);
    }
    this.#pending.clear();
  }
}
