/** Our Java programs on the client library of one version of Kafka, compiled when their source has changed. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../maven/fetch.mjs';
import type { Finished } from '../../support/child.ts';
import { runOrThrow } from '../../support/child.ts';
import type { KafkaVersion } from './java.ts';
import { jarsOf, runJava } from './java.ts';

/** Resolves with the exit code, whatever it is. */
export async function runJavaClient(
  version: KafkaVersion,
  args: readonly string[],
  input = '',
): Promise<Finished> {
  return runJavaProgram('InteropClient', { version, args, input });
}

/** `program` is the name of a file of ../java. Resolves with the exit code, whatever it is. */
export async function runJavaProgram(
  program: string,
  run: { readonly version: KafkaVersion; readonly args: readonly string[]; readonly input: string },
): Promise<Finished> {
  const programJar = await compiled(program, run.version);
  return runJava({ ...run, mainClass: program, programJar });
}

/** A jar with its classes. */
async function compiled(program: string, version: KafkaVersion): Promise<string> {
  const source = fileURLToPath(new URL(`../java/${program}.java`, import.meta.url));
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex');
  const folder = join(cacheFolder(), 'programs', `kafka-${version}-${hash.slice(0, 16)}`);
  const jar = join(folder, `${program}.jar`);
  if (existsSync(jar)) return jar;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const classes = join(partial, 'classes');
  const args = ['-nowarn', '-d', classes, '-cp', join(jarsOf(version), '*'), source];
  await runOrThrow({ command: 'javac', args });
  const packed = join(partial, `${program}.jar`);
  await runOrThrow({ command: 'jar', args: ['--create', '--file', packed, '-C', classes, '.'] });
  await rename(partial, folder);
  return jar;
}
