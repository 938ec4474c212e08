/** The Java client 3.9.1: an idempotent producer with five requests on their way, and a plain one. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jarsOf, smallJvm } from '../../interop/support/java.ts';
import { ClientProcess } from './client-process.ts';
import { tell } from './load-source.ts';
import type { LoadListener, LoadSource, LoadTarget } from './load-source.ts';

const roundMs = 50;

export function startJavaLoad(target: LoadTarget, listener: LoadListener): LoadSource {
  const { bootstrap, topic, partitionCount } = target;
  const program = fileURLToPath(new URL('FaultProducer.java', import.meta.url));
  const logging = new URL('../../interop/support/tools-log4j.properties', import.meta.url);
  const options = ['-Xmx96m', ...smallJvm, `-Dlog4j.configuration=${logging.href}`];
  const args = [bootstrap, topic, String(partitionCount), String(roundMs)];
  const command = ['java', ...options, '-cp', join(jarsOf('3.9.1'), '*'), program, ...args];
  const client = new ClientProcess(command, (line) => tell(line, listener));
  return { stop: () => client.end(), kill: () => client.kill() };
}
