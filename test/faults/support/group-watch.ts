/**
 * A group that reads a topic and commits: the Java client, by the program that Apache Kafka's own tests use for it.
 * What it was told is committed is held against what the coordinator has in the end.
 */

import { join } from 'node:path';
import { kafkaJs } from '../../interop/support/kafkajs-client.ts';
import { classArchive, jarsOf, smallJvm } from '../../interop/support/java.ts';
import { ClientProcess } from '../load/client-process.ts';
import { within } from './within.ts';

const groupId = 'watch';

export class GroupWatch {
  readonly #bootstrap: string;
  readonly #topic: string;
  readonly #client: ClientProcess;
  /** The highest acknowledged, by partition. */
  readonly #committed = new Map<number, number>();
  /** `partition: offset after offset` of what went back. */
  readonly #wentBack: string[] = [];
  commitCount = 0;

  constructor(bootstrap: string, topic: string) {
    this.#bootstrap = bootstrap;
    this.#topic = topic;
    const jars = jarsOf('3.9.1');
    const logging = new URL('../../interop/support/tools-log4j.properties', import.meta.url);
    const options = ['-Xmx96m', ...smallJvm, classArchive(join(jars, 'classes'))];
    const program = ['-cp', join(jars, '*'), 'org.apache.kafka.tools.VerifiableConsumer'];
    const what = ['--topic', topic, '--group-id', groupId, '--reset-policy', 'earliest'];
    const where = ['--bootstrap-server', bootstrap, '--session-timeout', '6000'];
    const log = `-Dlog4j.configuration=${logging.href}`;
    const command = ['java', ...options, log, ...program, ...what, ...where];
    this.#client = new ClientProcess(command, (line) => this.#note(line));
  }

  /** Of the offsets topic, that of the group. */
  partitionOf(partitionCount: number): number {
    return javaHash(groupId) % partitionCount;
  }

  /** Resolves when so many more commits are acknowledged. */
  async commits(count: number): Promise<void> {
    const goal = this.commitCount + count;
    await within(60_000, `${String(count)} more commits`, () => this.commitCount >= goal);
  }

  /** What was acknowledged as committed and is not any more. */
  async regressed(): Promise<readonly string[]> {
    const admin = kafkaJs(this.#bootstrap).admin();
    await admin.connect();
    try {
      const fetched = await admin.fetchOffsets({ groupId, topics: [this.#topic] });
      const kept = new Map(
        fetched[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
      );
      const behind = [...this.#committed]
        .filter(([partition, offset]) => (kept.get(partition) ?? -1) < offset)
        .map(
          ([partition, offset]) =>
            `${String(partition)}: ${String(kept.get(partition))} after ${String(offset)}`,
        );
      return [...this.#wentBack, ...behind];
    } finally {
      await admin.disconnect();
    }
  }

  stop(): void {
    this.#client.kill();
  }

  /** Lines of JSON, one for each event. */
  #note(line: string): void {
    if (!line.startsWith('{')) return;
    const event: unknown = JSON.parse(line);
    if (!isCommit(event) || !event.success) return;
    this.commitCount++;
    for (const { partition, offset } of event.offsets) {
      const before = this.#committed.get(partition) ?? -1;
      if (offset < before)
        this.#wentBack.push(`${String(partition)}: ${String(offset)} after ${String(before)}`);
      this.#committed.set(partition, Math.max(before, offset));
    }
  }
}

interface Commit {
  readonly success: boolean;
  readonly offsets: readonly { readonly partition: number; readonly offset: number }[];
}

function isCommit(event: unknown): event is Commit {
  return (
    typeof event === 'object' &&
    event !== null &&
    'name' in event &&
    event.name === 'offsets_committed' &&
    'success' in event &&
    'offsets' in event &&
    Array.isArray(event.offsets)
  );
}

/** String.hashCode(), without the sign: by this a group finds its partition of the offsets topic. */
function javaHash(text: string): number {
  let hash = 0;
  for (const character of text) hash = (Math.imul(31, hash) + character.charCodeAt(0)) | 0;
  return hash & 0x7fffffff;
}
