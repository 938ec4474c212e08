/** Randomness behind a port: seeded in simulations, the kernel's otherwise. */

import { randomBytes, randomInt, randomUUID } from 'node:crypto';

export interface Random {
  /** A whole number in [0, below). */
  integer(below: number): number;
  /** A random (version 4) UUID as its 16 bytes. */
  uuid(): Buffer;
  bytes(size: number): Buffer;
}

export const systemRandom: Random = {
  integer: (below) => randomInt(below),
  uuid: () => Buffer.from(randomUUID().replaceAll('-', ''), 'hex'),
  bytes: (size) => randomBytes(size),
};
