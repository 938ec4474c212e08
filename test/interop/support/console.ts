/** The console producer and consumer with keys, and what else the tools of every version are asked. */

import type { KafkaTools } from './kafka-tool.ts';
import type { TextRecord } from './records.ts';
import { linesOf, parseLines, toLines } from './records.ts';

/** One line for each record, `key:value`, in which neither has a colon. */
export async function produceKeyed(
  tools: KafkaTools,
  topic: string,
  records: readonly TextRecord[],
  args: readonly string[] = [],
): Promise<void> {
  const option = isSince42(tools) ? '--reader-property' : '--property';
  const format = [option, 'parse.key=true', option, 'key.separator=:'];
  await tools.output('console-producer', ['--topic', topic, ...format, ...args], toLines(records));
}

/** From the beginning, unless the group has an offset. The time limit is for tests that fail. */
export async function consumeKeyed(
  tools: KafkaTools,
  topic: string,
  args: readonly string[],
): Promise<readonly TextRecord[]> {
  const option = isSince42(tools) ? '--formatter-property' : '--property';
  const format = [option, 'print.key=true', option, 'key.separator=:'];
  const options = ['--topic', topic, '--from-beginning', '--timeout-ms', '20000', ...format];
  const output = await tools.output('console-consumer', [...options, ...args]);
  return parseLines(output);
}

/** By partition. */
export async function offsets(
  tools: KafkaTools,
  topic: string,
  time: string,
): Promise<ReadonlyMap<string, number>> {
  const output = await tools.output('get-offsets', ['--topic', topic, '--time', time]);
  return new Map(
    linesOf(output).map((line) => {
      const [, partition = '', offset = ''] = line.split(':');
      return [partition, Number(offset)];
    }),
  );
}

/** A deletion is asked for, and done a moment later: asked a few times, then it is false. */
export async function untilUnlisted(tools: KafkaTools, topic: string): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (!linesOf(await tools.output('topics', ['--list'])).includes(topic)) return true;
  }
  return false;
}

/** The options got names of their own in Kafka 4.2, which says so on standard output if the old one is used. */
function isSince42({ version }: KafkaTools): boolean {
  return version.startsWith('4.');
}
