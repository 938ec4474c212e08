/**
 * How an API is served: one handler per API, made from the ports that it needs. A handler asks the
 * authorizer before it acts, and answers every expected failure with its error code.
 */

import type { RequestContext } from '../model/request-context.ts';
import type { Api } from '../protocol/schema/api.ts';

/** Null: the client expects no answer (a produce with acks=0). */
export type Handled<Res> = Res | null | Promise<Res | null>;

export interface ApiHandler {
  readonly api: Api;
  /** What is advertised and served; within the versions of the schema. */
  readonly versions: readonly [min: number, max: number];
  handle(context: RequestContext, request: unknown): Handled<unknown>;
}

/** Pairs a schema with the function that serves it. */
export function serve<Req, Res>(
  api: Api<Req, Res>,
  versions: readonly [min: number, max: number],
  handle: (context: RequestContext, request: Req) => Handled<Res>,
): ApiHandler {
  // The router decodes with the schema of the same object, so what arrives here is a Req.
  return { api, versions, handle };
}
