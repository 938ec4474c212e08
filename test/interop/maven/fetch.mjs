/**
 * Brings the JVM parts of the interoperability tests from Maven Central: one folder of jars for each pom
 * beside this file. As a command: `node test/interop/maven/fetch.mjs [PART...]`, every part without a name.
 *
 * The jars go to `<cache>/<part>`; the cache is $ODRADEK_INTEROP or ~/.cache/odradek-interop. The pom is
 * put into the folder last, so a folder with an equal pom is complete, and a changed pom is fetched again.
 * Plain JavaScript: it may run before anything is installed.
 */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const limitMs = 10 * 60_000;

/** Where the jars are kept, across clones. */
export function cacheFolder(env = process.env) {
  return env.ODRADEK_INTEROP || join(homedir(), '.cache', 'odradek-interop');
}

/** The folder of a part's jars. @param {string} part such as `kafka-3.9.1` */
export function jarFolder(part) {
  return join(cacheFolder(), part);
}

/** The parts that there are poms for. */
export function partNames() {
  return readdirSync(here)
    .filter((name) => name.endsWith('.xml'))
    .map((name) => name.slice(0, -'.xml'.length))
    .sort();
}

/** @param {string} part */
function isFetched(part) {
  const copy = join(jarFolder(part), 'pom.xml');
  return existsSync(copy) && readFileSync(copy, 'utf8') === pomOf(part);
}

/**
 * Fetches one part unless it is there.
 * @param {string} part
 * @returns {string | null} null when the part is there, else why it cannot be had, in one line
 */
export function fetchPart(part) {
  if (isFetched(part)) return null;
  const started = Date.now();
  console.log(`fetching ${part} from Maven Central`);
  const partial = `${jarFolder(part)}.partial`;
  // Once more, because a download of a hundred files now and then loses one.
  const failure = copyJars(part, partial) && copyJars(part, partial);
  if (failure !== null) return failure;
  writeFileSync(join(partial, 'pom.xml'), pomOf(part));
  rmSync(jarFolder(part), { recursive: true, force: true });
  renameSync(partial, jarFolder(part));
  const count = readdirSync(jarFolder(part)).filter((name) => name.endsWith('.jar')).length;
  console.log(`fetched ${part}: ${count} jars in ${Math.round((Date.now() - started) / 1000)} s`);
  return null;
}

/** @param {string} part */
function pomOf(part) {
  return readFileSync(join(here, `${part}.xml`), 'utf8');
}

/** @param {string} part @param {string} folder @returns {string | null} why it failed */
function copyJars(part, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const result = spawnSync(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      join(here, `${part}.xml`),
      copyDependencies,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ],
    { encoding: 'utf8', timeout: limitMs, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (result.error !== undefined) return `Maven does not run: ${result.error.message}`;
  if (result.status === 0) return null;
  const firstError = result.stdout.split('\n').find((line) => line.startsWith('[ERROR]'));
  return `Maven could not fetch ${part}: ${firstError ?? `it ended with ${String(result.status)}`}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : partNames();
  for (const part of wanted) {
    const failure = fetchPart(part);
    if (failure === null) continue;
    console.error(failure);
    process.exitCode = 1;
  }
}
