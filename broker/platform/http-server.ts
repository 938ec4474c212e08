/** An HTTP/1.1 server behind a port: small read-only answers for probes and scrapers. */

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpListenOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** Rejections are answered with 500 and told to onFailure. */
  readonly answer: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly onFailure: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  /** Ends idle connections at once and waits for answers under way. Idempotent. */
  close(): Promise<void>;
}

/** Resolves when the server listens; rejects if the address cannot be had. */
export type ServeHttp = (options: HttpListenOptions) => Promise<HttpServer>;

/** Who is this slow or sends this much is no probe. */
const limits = { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000 };
const connectionsMax = 64;

export const serveHttp: ServeHttp = async (options) => {
  const server = createServer(
    limits,
    (request, response) => void respond(options, request, response),
  );
  server.maxConnections = connectionsMax;
  await listening(server, options);
  // A TCP server's address is an AddressInfo; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;
  return {
    port,
    close: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      return closed;
    },
  };
};

function listening(server: Server, { host, port }: HttpListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function respond(
  options: HttpListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const answer = await answerOf(options, request);
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerOf(
  { answer, onFailure }: HttpListenOptions,
  request: IncomingMessage,
): Promise<HttpAnswer> {
  try {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    return await answer({
      method: request.method ?? 'GET',
      path,
      query: new URLSearchParams(query),
    });
  } catch (error) {
    onFailure(error);
    return { status: 500, contentType: 'text/plain; charset=utf-8', body: 'internal error\n' };
  }
}
