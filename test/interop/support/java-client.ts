/** Our Java program on the client library of one version of Kafka, compiled when its source has changed. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../maven/fetch.mjs';
import type { Finished } from './child.ts';
import { runOrThrow } from './child.ts';
import type { KafkaVersion } from './java.ts';
import { jarsOf, runJava } from './java.ts';

const source = fileURLToPath(new URL('../java/InteropClient.java', import.meta.url));

/** Resolves with the exit code, whatever it is. */
export async function runJavaClient(
  version: KafkaVersion,
  args: readonly string[],
  input = '',
): Promise<Finished> {
  const classFolders = [await compiled(version)];
  return runJava({ version, mainClass: 'InteropClient', args, classFolders, input });
}

/** The folder of its classes. */
async function compiled(version: KafkaVersion): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex');
  const folder = join(cacheFolder(), 'classes', `kafka-${version}-${hash.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const args = ['-nowarn', '-d', partial, '-cp', join(jarsOf(version), '*'), source];
  await runOrThrow({ command: 'javac', args });
  await rename(partial, folder);
  return folder;
}
