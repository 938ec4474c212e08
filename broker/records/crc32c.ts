/**
 * CRC-32C (Castagnoli), the checksum of record batches and producer snapshots. Computed in machine
 * code over the bytes where they are; a view costs no copy.
 */

import { crc32c as castagnoli } from '@node-rs/crc32';

/** Unsigned, as files and batches hold it. `previous` continues the sum of the bytes before. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return castagnoli(bytes, previous);
}
