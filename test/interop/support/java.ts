/**
 * How a JVM is started here: small, one collector thread, the first compiler only. Most programs of these
 * tests live for a second, which goes into loading classes, so each version has a class archive, made by
 * the first run that asks for it (it halves that second). One JVM at a time: the tests await each.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jarFolder } from '../maven/fetch.mjs';
import type { Finished } from '../../support/child.ts';
import { runToEnd } from '../../support/child.ts';

export const kafkaVersions = ['2.8.1', '3.9.1', '4.3.1'] as const;
export type KafkaVersion = (typeof kafkaVersions)[number];

export interface JavaRun {
  readonly version: KafkaVersion;
  readonly mainClass: string;
  readonly args: readonly string[];
  /** Of classes that come before the jars of the version. */
  readonly programJar?: string;
  readonly input?: string;
  readonly limitMs?: number;
}

/** Resolves with the exit code, whatever it is; rejects when the time limit is over. */
export async function runJava(run: JavaRun): Promise<Finished> {
  const { version, mainClass, args, programJar, input = '' } = run;
  const jars = join(jarsOf(version), '*');
  const classPath = programJar === undefined ? jars : `${programJar}:${jars}`;
  const archive = programJar === undefined ? join(jarsOf(version), 'classes') : programJar;
  const options = [...startOptions, logging(version), classArchive(archive), '-cp', classPath];
  return runToEnd({
    command: 'java',
    args: [...options, mainClass, ...args],
    input,
    ...(run.limitMs === undefined ? {} : { limitMs: run.limitMs }),
  });
}

export function jarsOf(version: KafkaVersion): string {
  return jarFolder(`kafka-${version}`);
}

export const smallJvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xlog:disable'];
const startOptions = ['-Xmx256m', ...smallJvm];

function logging(version: KafkaVersion): string {
  return version.startsWith('4.')
    ? `-Dlog4j2.configurationFile=${beside('tools-log4j2.properties')}`
    : `-Dlog4j.configuration=file:${beside('tools-log4j.properties')}`;
}

/** An archive holds for one class path only. The file is made when the program ends. */
export function classArchive(name: string): string {
  const archive = `${name}.jsa`;
  const option = existsSync(archive) ? 'SharedArchiveFile' : 'ArchiveClassesAtExit';
  return `-XX:${option}=${archive}`;
}

function beside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
