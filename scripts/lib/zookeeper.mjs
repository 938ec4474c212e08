/**
 * Finds a ZooKeeper on this machine: an unpacked distribution that ZOOKEEPER_HOME names, or Debian's
 * package. Runs before anything is installed: plain JavaScript, no dependencies.
 */

import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const mainClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

/**
 * @typedef {object} FoundZooKeeper
 * @property {'home' | 'debian'} kind where it comes from
 * @property {string} java path of the Java launcher
 * @property {string} classPath
 * @property {string[]} command what starts a server; the path of its zoo.cfg is to be appended
 * @property {string} version such as `3.8.0`, or `unknown`
 */

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {FoundZooKeeper | null} null if there is no ZooKeeper, or no Java to run it
 */
export function findZooKeeper(env = process.env) {
  const java = findJava(env);
  if (java === null) return null;
  return fromHome(java, env) ?? fromDebian(java);
}

/** @param {string} java @param {NodeJS.ProcessEnv} env @returns {FoundZooKeeper | null} */
function fromHome(java, env) {
  const home = env.ZOOKEEPER_HOME;
  if (home === undefined || home === '') return null;
  const lib = join(home, 'lib');
  const names = existsSync(lib) ? readdirSync(lib) : [];
  const jar = names.find((name) => /^zookeeper-\d[^-]*\.jar$/.test(name));
  if (jar === undefined) return null;
  return found('home', java, join(lib, '*'), versionOf(jar));
}

/** @param {string} java @returns {FoundZooKeeper | null} */
function fromDebian(java) {
  const folder = '/usr/share/java';
  const jar = join(folder, 'zookeeper.jar');
  if (!existsSync(jar)) return null;
  const named = readdirSync(folder).find((name) => /^zookeeper-\d[^-]*\.jar$/.test(name));
  // Its manifest names what it depends on.
  return found('debian', java, jar, named === undefined ? 'unknown' : versionOf(named));
}

/**
 * @param {'home' | 'debian'} kind
 * @param {string} java
 * @param {string} classPath
 * @param {string} version
 * @returns {FoundZooKeeper}
 */
function found(kind, java, classPath, version) {
  // A small server that starts fast: no second compiler, no collector threads, no page on port 8080.
  const options = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const settings = ['-Dzookeeper.admin.enableServer=false', '-Djava.net.preferIPv4Stack=true'];
  const command = [java, ...options, ...settings, '-cp', classPath, mainClass];
  return { kind, java, classPath, command, version };
}

/** @param {string} jar */
function versionOf(jar) {
  return jar.slice('zookeeper-'.length, -'.jar'.length);
}

/** @param {NodeJS.ProcessEnv} env @returns {string | null} */
function findJava(env) {
  const folders = (env.PATH ?? '').split(delimiter);
  if (env.JAVA_HOME) folders.unshift(join(env.JAVA_HOME, 'bin'));
  const java = folders.map((folder) => join(folder, 'java')).find(isExecutable);
  return java ?? null;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
