/** kcat, which is librdkafka for the command line. */

import { runOrThrow } from '../../support/child.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { TextRecord } from './records.ts';
import { parseLines, toLines } from './records.ts';

export class Kcat {
  readonly #bootstrap: string;

  constructor(bootstrap: string) {
    this.#bootstrap = bootstrap;
  }

  /** Resolves when all are acknowledged. */
  async produce(
    topic: string,
    records: readonly TextRecord[],
    args: readonly string[] = [],
  ): Promise<void> {
    const options = ['-P', '-b', this.#bootstrap, '-t', topic, '-K', ':'];
    await runOrThrow({ command: 'kcat', args: [...options, ...args], input: toLines(records) });
  }

  /** All partitions from their beginning to their end, without a group. */
  async consume(topic: string): Promise<readonly TextRecord[]> {
    const options = ['-C', '-b', this.#bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q'];
    return this.#read([...options, ...textFormat]);
  }

  /** In a group, from where it has stopped to the end of every partition; commits. */
  async consumeInGroup(topic: string, group: string): Promise<readonly TextRecord[]> {
    const fromStart = ['-X', 'auto.offset.reset=earliest'];
    const options = ['-G', group, '-b', this.#bootstrap, ...fromStart, '-e', '-q'];
    return this.#read([...options, ...textFormat, topic]);
  }

  /** What `-L` prints: brokers, topics, partitions. */
  async list(args: readonly string[] = []): Promise<string> {
    const all = ['-L', '-b', this.#bootstrap, ...args];
    return (await runOrThrow({ command: 'kcat', args: all })).stdout;
  }

  /** `topic:partition:time` -> the first offset since then. */
  async query(topic: string, partition: number, time: string): Promise<string> {
    const which = `${topic}:${String(partition)}:${time}`;
    const args = ['-Q', '-b', this.#bootstrap, '-t', which];
    return (await runOrThrow({ command: 'kcat', args })).stdout.trim();
  }

  /** A member that stays until it is stopped; its log tells what it was assigned. */
  member(topic: string, group: string): ServerProcess {
    return new ServerProcess({
      name: `kcat in ${group}`,
      command: 'kcat',
      args: ['-G', group, '-b', this.#bootstrap, topic],
      cwd: '/',
      isReady: (log) => assignmentIn(log) !== null,
      startLimitMs: 20_000,
      stopLimitMs: 10_000,
    });
  }

  async #read(args: readonly string[]): Promise<readonly TextRecord[]> {
    const { stdout } = await runOrThrow({ command: 'kcat', args });
    return parseLines(stdout);
  }
}

/** The partitions of the last assignment that a member's log tells; null before the first. */
export function assignmentIn(log: string): readonly number[] | null {
  const last = [...log.matchAll(/rebalanced \(memberid [^)]*\): assigned: (.*)$/gm)].at(-1);
  if (last === undefined) return null;
  return [...(last[1] ?? '').matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
}

const textFormat = ['-f', '%k:%s\\n'];
