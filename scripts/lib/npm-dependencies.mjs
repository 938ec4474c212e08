/**
 * Installs the npm dependencies if node_modules is not what package-lock.json says, and builds the one that has to
 * be compiled: `zookeeper`, an optional dependency, which npm drops without a word where there is no compiler.
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { run, tail } from './command.mjs';
import { bring } from './needs.mjs';
import { fail, seconds } from './output.mjs';
import { repository } from './repository.mjs';

const oldestNode = [20, 19];

/**
 * @param {{yes: boolean, isNative?: boolean}} options isNative: whether `zookeeper` must be there, as unless told
 * @returns {Promise<void>} after one line if something was done; ends the process with one if it cannot be
 */
export async function installDependencies({ yes, isNative = true }) {
  checkNode();
  const isCurrent = isInstalled();
  if (isCurrent && (!isNative || (await loads()))) return;
  const missing = isNative ? await bring(['compiler'], { yes }) : [];
  if (missing.length > 0) fail(`Without it only "npm run quickstart -- --embedded" works.`);
  await npm(isCurrent && existsSync(packageFolder('zookeeper')) ? 'rebuild' : 'ci', isNative);
  if (isNative && !(await loads()))
    fail('The npm package zookeeper could not be built; what npm says is above.');
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(`Node ${oldestNode.join('.')} or later is needed; this is ${process.versions.node}.`);
}

/** Whether node_modules has each package of package-lock.json in its version; npm's own list there says so. */
function isInstalled() {
  const installed = packagesOf(join(repository, 'node_modules', '.package-lock.json'));
  if (installed === null) return false;
  const wanted = packagesOf(join(repository, 'package-lock.json')) ?? {};
  return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found !== undefined) return found.version === version;
    return optional === true || peer === true;
  });
}

function packagesOf(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : null;
}

function packageFolder(name) {
  return join(repository, 'node_modules', name);
}

/** It is bound to the ABI of the Node that built it, so only loading it tells. */
async function loads() {
  const { code } = await run(
    process.execPath,
    ['--input-type=module', '-e', 'import "zookeeper"'],
    {
      limitMs: 30_000,
    },
  );
  return code === 0;
}

/**
 * @param {'ci' | 'rebuild'} how rebuild: only what is compiled
 * @param {boolean} isNative
 */
async function npm(how, isNative) {
  const startedAt = Date.now();
  const args = how === 'ci' ? ['ci'] : ['rebuild', 'zookeeper'];
  const note = isNative ? ' (compiles the package zookeeper: a minute or two)' : '';
  console.log(`npm ${args.join(' ')}${note} ...`);
  const env = headers();
  const { code, output } = await run('npm', [...args, '--foreground-scripts'], { env });
  if (code !== 0) fail(`${tail(output)}\nnpm ${args.join(' ')} failed.`);
  const isBuilt = existsSync(packageFolder('zookeeper'));
  if (isNative && !isBuilt) console.error(tail(output));
  console.log(`  installed in ${seconds(startedAt)}`);
}

/** Where Node's own headers lie beside it, node-gyp need not download them. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const file = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return {};
  const text = readFileSync(file, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  const version = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.');
  return version === process.versions.node ? { npm_config_nodedir: prefix } : {};
}
