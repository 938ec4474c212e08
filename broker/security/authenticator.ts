/**
 * Who is at the other end of a connection. One authenticator per listener, chosen by the listener's
 * security protocol; PLAINTEXT is the only one there is: everybody is anonymous.
 */

const anonymousPrincipal = 'User:ANONYMOUS';

/** What is known of a connection when it has just been accepted. */
export interface Connection {
  readonly listenerName: string;
  readonly securityProtocol: string;
  readonly clientAddress: string;
}

export interface Authenticator {
  /** The principal of a connection that may send requests, as `Type:name`. */
  principalOf(connection: Connection): string;
}

const anonymous: Authenticator = { principalOf: () => anonymousPrincipal };

/** Throws an Error for a protocol that is not served: a listener that cannot tell who asks must not open. */
export function authenticatorFor(securityProtocol: string): Authenticator {
  if (securityProtocol === 'PLAINTEXT') return anonymous;
  throw new Error(`security protocol ${securityProtocol} is not served; only PLAINTEXT is`);
}
