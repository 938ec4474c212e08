/** Who asks, and how: made once per request by the router, handed to every port that may refuse it. */

export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** Null where the client sent none. */
  readonly clientId: string | null;
  readonly listenerName: string;
  readonly securityProtocol: string;
  /** `User:ANONYMOUS` where nobody authenticated. */
  readonly principal: string;
  readonly clientAddress: string;
  /** Identifies the connection among all of this process: what belongs to it ends with it. */
  readonly connectionId: number;
}
