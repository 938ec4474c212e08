/** What the machine must have beside Node, how it is found, and the Debian packages that bring it. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import { installPackages } from './debian-packages.mjs';
import { findZooKeeper } from './zookeeper.mjs';

/**
 * @typedef {object} Need
 * @property {string} what in words, for "Missing: ..."
 * @property {() => boolean} [isHere]
 * @property {readonly string[]} [packages] of Debian
 * @property {readonly string[]} [needs] others, first
 * @property {(options: {yes: boolean}) => Promise<string | null>} [prepare] null, or why it cannot be had
 * @property {() => Promise<void>} [release] called at the end of the run, whatever was prepared
 */

/** @type {Record<string, Need>} */
export const needs = {
  compiler: {
    what: 'a C++ compiler, make and Python 3 (the npm package zookeeper is compiled)',
    isHere: () =>
      (isOnPath('c++') || isOnPath('g++') || isOnPath('clang++')) &&
      isOnPath('make') &&
      isOnPath('python3'),
    packages: ['g++', 'make', 'python3'],
  },
  zookeeper: {
    what: 'ZooKeeper with a Java (or ZOOKEEPER_HOME)',
    isHere: () => findZooKeeper() !== null,
    packages: ['zookeeper', 'default-jre-headless'],
  },
  java: {
    what: 'a JDK, version 17 or later',
    isHere: () => isOnPath('javac') && javaVersion() >= 17,
    packages: ['default-jdk-headless'],
  },
  maven: { what: 'Maven', isHere: () => isOnPath('mvn'), packages: ['maven'] },
  'maven-kafka': { what: 'a JDK and Maven', needs: ['java', 'maven'] },
  kcat: { what: 'kcat', isHere: () => isOnPath('kcat'), packages: ['kcat'] },
  librdkafka: {
    what: 'the headers of librdkafka and a C compiler',
    isHere: () => existsSync('/usr/include/librdkafka/rdkafka.h') && isOnPath('cc'),
    packages: ['librdkafka-dev', 'gcc', 'libc6-dev'],
  },
};

/**
 * Brings what is missing, all packages in one go.
 *
 * @param {readonly string[]} names
 * @param {{yes: boolean}} options
 * @returns {Promise<readonly Need[]>} what is still missing
 */
export async function bring(names, { yes }) {
  const missing = names.map((name) => needs[name]).filter((need) => !need.isHere());
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.flatMap((need) => need.packages))];
  const what = missing.map((need) => need.what).join('; ');
  const isInstalled = await installPackages(packages, { what, yes });
  const left = missing.filter((need) => !need.isHere());
  if (isInstalled && left.length > 0) console.error(`Installed, and yet not found: ${what}.`);
  return left;
}

const prepared = new Map();

/**
 * @param {string} name
 * @param {Record<string, Need>} known
 * @param {{yes: boolean}} options
 * @returns {Promise<string | null>} null, or what is missing, in words
 */
export async function prepareNeed(name, known, options) {
  if (!prepared.has(name)) prepared.set(name, await prepareOnce(name, known, options));
  return prepared.get(name);
}

async function prepareOnce(name, known, options) {
  const need = known[name];
  for (const other of need.needs ?? []) {
    const missing = await prepareNeed(other, known, options);
    if (missing !== null) return missing;
  }
  if (need.packages !== undefined && !need.isHere())
    await installPackages(need.packages, { what: need.what, yes: options.yes });
  if (need.isHere !== undefined && !need.isHere()) return need.what;
  const reason = (await need.prepare?.(options)) ?? null;
  return reason === null ? null : `${need.what}: ${reason}`;
}

/** Undoes what was prepared. @param {Record<string, Need>} known */
export async function releaseNeeds(known) {
  for (const need of Object.values(known)) await need.release?.();
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => existsSync(join(folder, command)));
}

function javaVersion() {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8', timeout: 20_000 });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
}
