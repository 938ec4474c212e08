/** Sends payloads over one connection, in order. One per connection; ends with it. */

import type { Payload } from '../../model/payload.ts';

export interface Transfer {
  /** Queues the payload; its file spans are released once they are sent or the transfer is closed. */
  send(payload: Payload): void;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queuedSize: number;
  /** Gives back all that is queued. Idempotent. */
  close(): void;
}

export interface TransferOptions {
  /** Called whenever the queue has become empty. */
  readonly onDrained: () => void;
  /** A file could not be read: the peer would get wrong bytes, so the connection has to end. */
  readonly onFailure: (error: unknown) => void;
}
