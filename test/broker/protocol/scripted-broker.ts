/**
 * A socket that answers with fixed answers in this repository's own encoding and keeps every request
 * that came. A request without an answer parks until `drain()`.
 */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Payload } from '../../../broker/model/payload.ts';
import { decodeRequest, readRequestHeader, writeResponse } from '../../../broker/protocol/frame.ts';
import type { Api } from '../../../broker/protocol/schema/api.ts';
import { Reader } from '../../../broker/protocol/wire/reader.ts';

/** One kind of request and its answer; 'park' holds the answer back while the broker is not draining. */
export interface Route {
  readonly api: Api;
  answer(version: number, correlationId: number, reader: Reader): Payload | 'park';
}

export interface RecordedRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly clientId: string;
  readonly request: string;
}

export function route<Req, Res>(
  api: Api<Req, Res>,
  answer: (request: Req, version: number) => Res | 'park',
): Route {
  return {
    api,
    answer(version, correlationId, reader) {
      const response = answer(decodeRequest(api, version, reader), version);
      return response === 'park' ? 'park' : writeResponse(api, version, correlationId, response);
    },
  };
}

export class ScriptedBroker {
  readonly recorded: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #parked: (() => void)[] = [];
  #routes: ReadonlyMap<number, Route> = new Map();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(routesAt: (port: number) => readonly Route[]): Promise<ScriptedBroker> {
    const server = createServer();
    const broker = new ScriptedBroker(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    broker.#routes = new Map(routesAt(broker.port).map((entry) => [entry.api.key, entry]));
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    assert(typeof address === 'object' && address !== null, 'the broker listens');
    return address.port;
  }

  /** Asks the parked requests again. */
  drain(): void {
    for (const retry of this.#parked.splice(0)) retry();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const size = 4 + received.readInt32BE(0);
        this.#handle(socket, received.subarray(0, size));
        received = received.subarray(size);
      }
    });
  }

  #handle(socket: Socket, frame: Buffer): void {
    const { apiKey, apiVersion, clientId } = readRequestHeader(new Reader(frame, 4));
    this.recorded.push({
      apiKey,
      apiVersion,
      clientId: clientId ?? '',
      request: frame.toString('hex'),
    });
    this.#answer(socket, frame);
  }

  #answer(socket: Socket, frame: Buffer): void {
    const reader = new Reader(frame, 4);
    const { apiKey, apiVersion, correlationId } = readRequestHeader(reader);
    const found = this.#routes.get(apiKey);
    assert(found !== undefined, `no answer to API ${String(apiKey)} is scripted`);
    const payload = found.answer(apiVersion, correlationId, reader);
    if (payload === 'park') {
      this.#parked.push(() => this.#answer(socket, frame));
      return;
    }
    for (const part of payload) if (Buffer.isBuffer(part)) socket.write(part);
  }
}
