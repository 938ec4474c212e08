/**
 * The broker's HTTP endpoints, read-only and on a port of their own: /healthz and /readyz for probes,
 * /metrics for Prometheus, and what is added to the routes. One answer for one path; GET and HEAD.
 */

import type { HttpAnswer, HttpRequest, HttpServer, ServeHttp } from '../platform/http-server.ts';
import type { Logger } from '../platform/logger.ts';

export type Route = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface EndpointsOptions {
  readonly serve: ServeHttp;
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** By path, such as `/healthz`. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly logger: Logger;
}

/** Rejects if the address cannot be had. */
export async function startEndpoints(options: EndpointsOptions): Promise<HttpServer> {
  const { logger, routes } = options;
  const server = await options.serve({
    host: options.host,
    port: options.port,
    answer: (request) => answer(routes, request),
    onFailure: (error) => logger.error({ err: error }, 'an HTTP endpoint failed'),
  });
  logger.info({ host: options.host, port: server.port }, 'HTTP endpoints listen');
  return server;
}

/** For what people and scripts read. */
export function jsonAnswer(status: number, value: object): HttpAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const route = routes.get(request.path);
  if (route === undefined) {
    return jsonAnswer(404, { error: 'not found', paths: [...routes.keys()].sort() });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return jsonAnswer(405, { error: 'read-only: GET and HEAD are answered' });
  }
  return route(request);
}
