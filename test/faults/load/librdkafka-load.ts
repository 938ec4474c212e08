/** librdkafka: an idempotent producer with five requests on their way, and a plain one. Compiled for each run. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrThrow } from '../../support/child.ts';
import { ClientProcess } from './client-process.ts';
import { tell } from './load-source.ts';
import type { LoadListener, LoadSource, LoadTarget } from './load-source.ts';

const roundMs = 50;

/** The path of the program. */
export async function compileLibrdkafkaLoad(folder: string): Promise<string> {
  const program = join(folder, 'fault_producer');
  const source = fileURLToPath(new URL('fault_producer.c', import.meta.url));
  const args = ['-O1', '-Wall', '-o', program, source, '-lrdkafka'];
  await runOrThrow({ command: 'cc', args });
  return program;
}

export function startLibrdkafkaLoad(
  program: string,
  { bootstrap, topic, partitionCount }: LoadTarget,
  listener: LoadListener,
): LoadSource {
  const command = [program, bootstrap, topic, String(partitionCount), String(roundMs)];
  const client = new ClientProcess(command, (line) => tell(line, listener));
  return { stop: () => client.end(), kill: () => client.kill() };
}
