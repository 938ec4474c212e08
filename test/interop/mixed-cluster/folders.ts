/** The files of the replicas, batch by batch: what each of them has up to where the shortest ends. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BATCH_OVERHEAD, BatchField, peekBatchSize } from '../../../broker/records/batch-header.ts';

export interface Comparison {
  readonly partitionCount: number;
  /** That all replicas have, byte for byte. */
  readonly batchCount: number;
  /** Of batches that are not the same everywhere. */
  readonly differences: readonly string[];
}

/**
 * With all replicas in sync and no truncation under way, what all of them have is below the high watermark or
 * about to be, and a follower's log is the beginning of its leader's: the same bytes, leader epochs included.
 */
export async function compareFolders(
  logDirs: readonly string[],
  isWanted: (partition: string) => boolean,
): Promise<Comparison> {
  const names = (await Promise.all(logDirs.map((logDir) => readdir(logDir)))).map((all) =>
    all.filter((name) => /-\d+$/.test(name) && isWanted(name)).sort(),
  );
  const [first = []] = names;
  const differences = names.some((all) => all.join() !== first.join())
    ? [`not the same partitions: ${names.map(String).join(' | ')}`]
    : [];
  let batchCount = 0;
  for (const name of first) {
    const logs = await Promise.all(logDirs.map((logDir) => readLog(join(logDir, name))));
    const [one = [], ...others] = logs;
    const shortest = Math.min(...logs.map(({ length }) => length));
    const different = one
      .slice(0, shortest)
      .findIndex((batch, index) => others.some((other) => other[index]?.equals(batch) !== true));
    if (different >= 0) differences.push(describe(name, logs, different));
    batchCount += shortest;
  }
  return { partitionCount: first.length, batchCount, differences };
}

/** The batches of all segments in order, as far as they are whole: more may be written just now. */
async function readLog(folder: string): Promise<readonly Buffer[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  const batches: Buffer[] = [];
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    for (let position = 0; bytes.length - position >= BATCH_OVERHEAD;) {
      const size = peekBatchSize(bytes, position);
      if (bytes.length - position < size) break;
      batches.push(bytes.subarray(position, position + size));
      position += size;
    }
  }
  return batches;
}

function describe(name: string, logs: readonly (readonly Buffer[])[], index: number): string {
  const heads = logs.map((log) => {
    const batch = log[index];
    if (batch === undefined) return 'none';
    const offset = batch.readBigInt64BE(BatchField.baseOffset);
    const epoch = batch.readInt32BE(BatchField.partitionLeaderEpoch);
    const crc = batch.readUInt32BE(BatchField.crc);
    return `offset ${String(offset)}, epoch ${String(epoch)}, ${String(batch.length)} bytes, crc ${String(crc)}`;
  });
  return `${name}, batch ${String(index)}: ${heads.join(' | ')}`;
}
