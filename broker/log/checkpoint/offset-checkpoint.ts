/**
 * The checkpoint files of a log.dir, which hold one offset per partition: `0\n<count>\n`, then
 * `<topic> <partition> <offset>\n` in no order. A file of 0 bytes, as Apache Kafka makes before its
 * first write, is empty.
 */

import { partitionKey } from '../../model/topic-partition.ts';
import type { FileSystem } from '../../platform/file-system.ts';
import { SerialQueue } from '../../platform/serial-queue.ts';
import { replaceFile } from '../files/atomic-file.ts';

export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint';
export const LOG_START_FILE = 'log-start-offset-checkpoint';
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint';
export const CLEANED_FILE = 'cleaner-offset-checkpoint';

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export class OffsetCheckpoint {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #name: string;
  readonly #writes = new SerialQueue();
  /** What the file holds, to spare a write that changes nothing. */
  #written = '';

  constructor(fileSystem: FileSystem, folder: string, name: string) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#name = name;
  }

  /** Offsets by partition key. A missing file is empty; a damaged one throws, naming the line. */
  async read(): Promise<ReadonlyMap<string, number>> {
    const path = `${this.#folder}/${this.#name}`;
    if ((await this.#fileSystem.stat(path)) === null) return new Map();
    const text = (await this.#fileSystem.readFile(path)).toString('utf8');
    this.#written = text;
    return decodeOffsets(text, path);
  }

  /** One write after the other, in the order of the calls. */
  write(offsets: readonly PartitionOffset[]): Promise<void> {
    const text = encodeOffsets(offsets);
    return this.#writes.run(async () => {
      if (text === this.#written) return;
      const file = { folder: this.#folder, name: this.#name };
      await replaceFile(this.#fileSystem, file, Buffer.from(text));
      this.#written = text;
    });
  }
}

function encodeOffsets(offsets: readonly PartitionOffset[]): string {
  const lines = offsets.map(
    ({ topic, partition, offset }) => `${topic} ${String(partition)} ${String(offset)}\n`,
  );
  return `0\n${String(offsets.length)}\n${lines.join('')}`;
}

function decodeOffsets(text: string, path: string): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  if (text === '') return offsets;
  const [version, count, ...lines] = text.trimEnd().split('\n');
  if (version?.trim() !== '0') {
    throw new Error(`${path}: version ${String(version)} is unknown, 0 is expected`);
  }
  if (Number(count) !== lines.length) {
    throw new Error(
      `${path}: ${String(count)} lines are announced, ${String(lines.length)} follow`,
    );
  }
  for (const line of lines) {
    const match = /^(\S+) (\d+) (\d+)\s*$/.exec(line);
    if (match === null) throw new Error(`${path}: "${line}" is not "<topic> <partition> <offset>"`);
    offsets.set(partitionKey(match[1] ?? '', Number(match[2])), Number(match[3]));
  }
  return offsets;
}
