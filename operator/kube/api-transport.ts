/**
 * Requests to an API server, with the addresses and credentials of a kubeconfig or of the pod's
 * service account. The library's own requests and watches are not used: they open a connection per
 * request, and a watch of theirs says nothing when it dies.
 */

import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Agent, request as httpsRequest } from 'node:https';

import type { KubeConfig } from '@kubernetes/client-node';

import type { Timers } from '../../broker/platform/timers.ts';
import { KubeError } from './port.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: unknown;
}

export interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

export interface ApiStream {
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** The stream counts as dead after this much silence. */
  readonly inactivityMs: number;
}

const requestTimeoutMs = 30_000;
const responseSizeMax = 256 * 1024 * 1024;
const lineSizeMax = 16 * 1024 * 1024;

export class ApiTransport {
  readonly #config: KubeConfig;
  readonly #timers: Timers;
  #agent: { readonly credentials: string; readonly agent: Agent } | null = null;

  constructor(config: KubeConfig, timers: Timers) {
    this.#config = config;
    this.#timers = timers;
  }

  /** Rejects with a KubeError UNAVAILABLE when there is no answer; any status is an answer. */
  async send(request: ApiRequest): Promise<ApiResponse> {
    const timer = new AbortController();
    const timeout = this.#timers.after(requestTimeoutMs, () => timer.abort());
    try {
      const response = await this.#open(request, timer.signal);
      return { status: response.statusCode ?? 0, text: await textOf(response) };
    } catch (cause) {
      throw unavailable(request, cause);
    } finally {
      timeout.cancel();
    }
  }

  /** Calls back with each line until the server ends the stream, or the signal does. */
  async stream(request: ApiRequest, stream: ApiStream): Promise<ApiResponse | null> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    stream.signal.addEventListener('abort', onAbort, { once: true });
    let timer = this.#timers.after(requestTimeoutMs, onAbort);
    try {
      const response = await this.#open(request, abort.signal);
      if (response.statusCode !== 200) {
        return { status: response.statusCode ?? 0, text: await textOf(response) };
      }
      await linesOf(response, (line) => {
        timer.cancel();
        timer = this.#timers.after(stream.inactivityMs, onAbort);
        if (line !== '') stream.onLine(line);
      });
      return null;
    } catch (cause) {
      if (stream.signal.aborted) return null;
      throw unavailable(request, cause);
    } finally {
      timer.cancel();
      stream.signal.removeEventListener('abort', onAbort);
    }
  }

  async #open(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new KubeError('OTHER', 'the kubeconfig has no current cluster');
    const { method, path, query = {}, contentType = 'application/json', body } = request;
    const payload = body === undefined ? null : Buffer.from(JSON.stringify(body), 'utf8');
    const options: RequestOptions = {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'odradek-operator',
        ...(payload === null
          ? {}
          : { 'content-type': contentType, 'content-length': payload.length }),
      },
    };
    await this.#config.applyToHTTPSOptions(options);
    const url = new URL(`${cluster.server.replace(/\/$/, '')}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (cluster.proxyUrl === undefined && url.protocol === 'https:') {
      options.agent = this.#keptAlive(options);
    }
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return responseTo(open(url, { ...options, signal }), payload);
  }

  /** One agent for as long as the credentials stay: connections are kept and used again. */
  #keptAlive({
    ca,
    cert,
    key,
    pfx,
    passphrase,
    rejectUnauthorized,
    servername,
  }: RequestOptions): Agent {
    const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const given = Object.fromEntries(
      Object.entries(tls).filter(([, value]) => value !== undefined),
    );
    const credentials = JSON.stringify(given);
    if (this.#agent?.credentials !== credentials) {
      this.#agent?.agent.destroy();
      this.#agent = { credentials, agent: new Agent({ ...given, keepAlive: true }) };
    }
    return this.#agent.agent;
  }
}

function responseTo(request: ClientRequest, payload: Buffer | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.end(payload ?? undefined);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of chunksOf(response)) {
    size += part.length;
    if (size > responseSizeMax) throw new Error(`an answer above ${String(responseSizeMax)} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function linesOf(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of chunksOf(response)) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      onLine(rest.toString('utf8', 0, end).trim());
      rest = rest.subarray(end + 1);
    }
    if (rest.length > lineSizeMax) throw new Error(`a line above ${String(lineSizeMax)} bytes`);
  }
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks: AsyncIterable<unknown> = response;
  for await (const chunk of chunks) {
    if (Buffer.isBuffer(chunk)) yield chunk;
  }
}

function unavailable({ method, path }: ApiRequest, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KubeError('UNAVAILABLE', `${method} ${path}: ${reason}`, { cause });
}
