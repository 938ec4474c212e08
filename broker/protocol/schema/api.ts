/** An API: its key, its versions, and the schemas of its request and response. */

import type { Type } from './types.ts';

export interface Api<Req = unknown, Res = unknown> {
  readonly name: string;
  readonly key: number;
  /** The versions that this code reads and writes, both ends included. */
  readonly versions: readonly [min: number, max: number];
  /** The first flexible version (KIP-482); Infinity where there is none. */
  readonly flexibleSince: number;
  readonly request: Type<Req>;
  readonly response: Type<Res>;
}

/** Only fixes the type arguments: `defineApi({ name: 'Heartbeat', key: 12, ... })`. */
export function defineApi<Req, Res>(api: Api<Req, Res>): Api<Req, Res> {
  return api;
}

/** The request type of an API, the response type of an API. */
export type RequestOf<A> = A extends Api<infer Req> ? Req : never;
export type ResponseOf<A> = A extends Api<unknown, infer Res> ? Res : never;

export function isFlexible(api: Api, version: number): boolean {
  return version >= api.flexibleSince;
}
