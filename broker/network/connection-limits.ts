/**
 * How many connections a broker lets clients have, over all listeners: `max.connections`, and for each
 * address `max.connections.per.ip` with its overrides. The listener of the other brokers keeps out of
 * `max.connections` where it is not the only one, so that clients cannot cut the brokers off from each
 * other.
 */

import assert from 'node:assert/strict';
import type { Count } from '../metrics/metrics.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** As they are now: they may change at run time. */
export interface ConnectionLimitValues {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** By address. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
}

export interface ConnectionLimitsOptions {
  readonly values: () => ConnectionLimitValues;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly accepted: Count;
  readonly refused: Count;
}

/** A client that is refused tries again at once: one line stands for all refusals of this time. */
const QUIET_MS = 10_000;

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions;
  readonly #counts = new Map<string, number>();
  #count = 0;
  #loggedAtMs = -Infinity;
  /** Refusals that no line has told of. */
  #untold = 0;

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options;
  }

  /** Counts the connection, or says no. `isExempt`: its listener is not under max.connections. */
  admit(address: string, { isExempt }: { readonly isExempt: boolean }): boolean {
    const { values, accepted, refused } = this.#options;
    const key = plain(address);
    const limits = values();
    const perIp = limits.maxConnectionsPerIpOverrides.get(key) ?? limits.maxConnectionsPerIp;
    const ofAddress = this.#counts.get(key) ?? 0;
    const isFull = !isExempt && this.#count >= limits.maxConnections;
    if (isFull || ofAddress >= perIp) {
      refused.value += 1;
      this.#tell(
        isFull
          ? { limit: 'max.connections', most: limits.maxConnections }
          : { limit: 'max.connections.per.ip', most: perIp, address: key },
      );
      return false;
    }
    accepted.value += 1;
    this.#count += 1;
    this.#counts.set(key, ofAddress + 1);
    return true;
  }

  /** An admitted connection has ended. */
  leave(address: string): void {
    const key = plain(address);
    const left = (this.#counts.get(key) ?? 0) - 1;
    assert(left >= 0);
    this.#count -= 1;
    if (left === 0) this.#counts.delete(key);
    else this.#counts.set(key, left);
  }

  #tell(reason: object): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#untold += 1;
    if (nowMs - this.#loggedAtMs < QUIET_MS) return;
    this.#loggedAtMs = nowMs;
    this.#options.logger.warn({ ...reason, refused: this.#untold }, 'too many connections');
    this.#untold = 0;
  }
}

/** An IPv4 address comes in IPv6's clothes where a listener takes both. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
