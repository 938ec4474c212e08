/**
 * From a frame to its answer: header, version, body, quota, handler, answer. What Kafka refuses by
 * closing the connection is a ProtocolError here: unknown APIs, versions that are not advertised,
 * bodies that cannot be decoded.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import type { RequestContext } from '../model/request-context.ts';
import type { Answer, Peer, RequestHandler } from '../model/request-handler.ts';
import type { Clock } from '../platform/clock.ts';
import type { Quota } from '../quota/quota.ts';
import type { Authenticator } from '../security/authenticator.ts';
import type { RequestHeader } from '../protocol/frame.ts';
import { decodeRequest, readRequestHeader, writeResponse } from '../protocol/frame.ts';
import { apiVersions } from '../protocol/messages/api-versions.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Reader } from '../protocol/wire/reader.ts';
import type { ApiHandler } from './api-handler.ts';

/** Told of every answer, for metrics. */
export type RequestObserver = (apiKey: number, requestSize: number, elapsedMs: number) => void;

export interface RouterOptions {
  readonly handlers: readonly ApiHandler[];
  /** By listener name. */
  readonly authenticators: ReadonlyMap<string, Authenticator>;
  readonly securityProtocols: ReadonlyMap<string, string>;
  readonly quota: Quota;
  readonly clock: Clock;
  readonly onAnswer: RequestObserver;
  readonly onDisconnect: (connectionId: number) => void;
}

export class Router implements RequestHandler {
  readonly #options: RouterOptions;
  readonly #handlers: ReadonlyMap<number, ApiHandler>;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#handlers = new Map(options.handlers.map((handler) => [handler.api.key, handler]));
  }

  handle(frame: Buffer, peer: Peer): Answer | Promise<Answer> {
    const reader = new Reader(frame);
    const tooNew = this.#refuseNewApiVersions(frame);
    if (tooNew !== null) return tooNew;
    this.#requireServed(frame);
    const header = readRequestHeader(reader);
    const handler = this.#handlers.get(header.apiKey);
    if (handler === undefined) throw new ProtocolError(`unknown API ${String(header.apiKey)}`);
    const request = decodeRequest(handler.api, header.apiVersion, reader);
    const context = this.#contextOf(header, peer);
    const startMs = this.#options.clock.monotonicMs();
    // Only counted: the time that a client has to wait stands in the answers of what moves bytes.
    this.#options.quota.throttleTimeMs(context, { kind: 'request', amount: frame.length });
    const handled = handler.handle(context, request);
    if (handled instanceof Promise) {
      return handled.then((body) => this.#answer(handler, context, { body, frame, startMs }));
    }
    return this.#answer(handler, context, { body: handled, frame, startMs });
  }

  disconnected(peer: Peer): void {
    this.#options.onDisconnect(peer.connectionId);
  }

  #answer(
    { api }: ApiHandler,
    { apiVersion, correlationId }: RequestContext,
    { body, frame, startMs }: { body: unknown; frame: Buffer; startMs: number },
  ): Answer {
    const elapsedMs = this.#options.clock.monotonicMs() - startMs;
    this.#options.onAnswer(api.key, frame.length, elapsedMs);
    return body === null ? null : writeResponse(api, apiVersion, correlationId, body);
  }

  /** A client newer than this broker asks in a version of its own: it is told the highest one. */
  #refuseNewApiVersions(frame: Buffer): Answer {
    if (frame.length < 8 || frame.readInt16BE(0) !== apiVersions.key) return null;
    const handler = this.#handlers.get(apiVersions.key);
    const version = frame.readInt16BE(2);
    if (handler === undefined || version <= handler.versions[1]) return null;
    const [minVersion, maxVersion] = handler.versions;
    return writeResponse(apiVersions, 0, frame.readInt32BE(4), {
      errorCode: ErrorCodes.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: apiVersions.key, minVersion, maxVersion }],
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: -1n,
      finalizedFeatures: [],
      zkMigrationReady: false,
    });
  }

  #requireServed(frame: Buffer): void {
    if (frame.length < 4) throw new ProtocolError('a request without a header');
    const key = frame.readInt16BE(0);
    const version = frame.readInt16BE(2);
    const handler = this.#handlers.get(key);
    if (handler === undefined) throw new ProtocolError(`unknown API ${String(key)}`);
    const lowest = Math.max(handler.versions[0], handler.api.versions[0]);
    if (version < lowest || version > handler.versions[1]) {
      throw new ProtocolError(`${handler.api.name} has no version ${String(version)} here`);
    }
  }

  #contextOf(header: RequestHeader, peer: Peer): RequestContext {
    const { listenerName, address, connectionId } = peer;
    const securityProtocol = this.#options.securityProtocols.get(listenerName) ?? 'PLAINTEXT';
    const authenticator = this.#options.authenticators.get(listenerName);
    if (authenticator === undefined) throw new ProtocolError(`listener ${listenerName} is unknown`);
    return {
      apiKey: header.apiKey,
      apiVersion: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      listenerName,
      securityProtocol,
      principal: authenticator.principalOf({
        listenerName,
        securityProtocol,
        clientAddress: address,
      }),
      clientAddress: address,
      connectionId,
    };
  }
}
