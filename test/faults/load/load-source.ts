/** A client that writes with acks=all for as long as a fault lasts, and tells what it was told. */

export interface Acknowledgement {
  readonly partition: number;
  /** Below 0: not told. librdkafka does not know it of a batch that was written by an earlier attempt. */
  readonly offset: number;
  /** `<producer>:<partition>:<number>`, rising from 0; a producer that is idempotent says so in its name. */
  readonly value: string;
}

export interface LoadListener {
  acknowledged(acknowledgement: Acknowledgement): void;
  /** Given up by the client after all that it does by itself; it may have been written, or not. */
  failed(value: string, reason: string): void;
}

export interface LoadTarget {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitionCount: number;
}

export interface LoadSource {
  /** Resolves when everything that was sent has been acknowledged or has failed. */
  stop(): Promise<void>;
  /** At once: nothing more is told. */
  kill(): void;
}

/** A line that a program printed: `ack PARTITION OFFSET VALUE` or `failed VALUE ERROR`. */
export function tell(line: string, listener: LoadListener): void {
  const [what, first = '', second = '', third = ''] = line.split(' ');
  if (what === 'ack')
    listener.acknowledged({ partition: Number(first), offset: Number(second), value: third });
  else if (what === 'failed') listener.failed(first, line.slice(what.length + first.length + 2));
}
