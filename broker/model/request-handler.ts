/** What stands between network and server: frames in, payloads out. */

import type { Payload } from './payload.ts';

/** Null: nothing is answered (a produce with acks=0). */
export type Answer = Payload | null;

/** What a connection knows of itself; the same object for all its requests. */
export interface Peer {
  readonly connectionId: number;
  readonly listenerName: string;
  readonly address: string;
  readonly port: number;
}

export interface RequestHandler {
  /**
   * Answers one frame (without its size field). The frame's bytes are valid until the answer is
   * there. A ProtocolError ends the connection; so does any other error.
   */
  handle(frame: Buffer, peer: Peer): Answer | Promise<Answer>;
  disconnected(peer: Peer): void;
}
