/** java/TakeoverClient.java on the client library of Kafka 3.9.1: writes, and tells all that can be read. */

import assert from 'node:assert/strict';
import { runJavaProgram } from '../support/java-client.ts';
import { linesOf } from '../support/records.ts';

export interface Bounds {
  readonly beginning: number;
  readonly end: number;
  /** The last stable offset. */
  readonly stable: number;
}

/** What a partition gives to its readers. */
export interface PartitionContent {
  readonly bounds: Bounds;
  /** `offset key timestamp type hash`, of all records. */
  readonly records: readonly string[];
  /** Offsets of what a read_committed consumer gets. */
  readonly committed: readonly number[];
}

export interface Told {
  /** By `topic-partition`. */
  readonly partitions: ReadonlyMap<string, PartitionContent>;
  /** `topic-partition offset` of what a group was given, in order. */
  readonly grouped: readonly string[];
}

/** One command per line; see the program. */
export async function tell(bootstrap: string, commands: readonly string[]): Promise<Told> {
  const input = commands.map((command) => `${command}\n`).join('');
  const run = { version: '3.9.1', args: [bootstrap], input } as const;
  const { code, stdout, stderr } = await runJavaProgram('TakeoverClient', run);
  assert.equal(code, 0, `${commands.join('; ')}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return parse(linesOf(stdout));
}

function parse(lines: readonly string[]): Told {
  const partitions = new Map<string, { bounds: Bounds; records: string[]; committed: number[] }>();
  const grouped: string[] = [];
  for (const line of lines) {
    const [what = '', name = '', ...rest] = line.split(' ');
    if (what === 'bounds') {
      const [beginning = -1, end = -1, stable = -1] = rest.map(Number);
      partitions.set(name, { bounds: { beginning, end, stable }, records: [], committed: [] });
    } else if (what === 'record') partitions.get(name)?.records.push(rest.join(' '));
    else if (what === 'committed') partitions.get(name)?.committed.push(Number(rest[0]));
    else if (what === 'grouped') grouped.push(`${name} ${rest.join(' ')}`);
  }
  return { partitions, grouped };
}
