/**
 * Installs packages of Debian or Ubuntu where it may: as root or by sudo that asks for no password. A person at
 * the terminal is asked before; a machine is not.
 */

import { existsSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';

import { run, tail } from './command.mjs';
import { seconds } from './output.mjs';

const aptGet = '/usr/bin/apt-get';

/**
 * @param {readonly string[]} packages
 * @param {{what: string, yes: boolean}} options what: what they are for, in words
 * @returns {Promise<boolean>} whether they were installed; if not, one line said what to install
 */
export async function installPackages(packages, { what, yes }) {
  const line = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync(aptGet)) return refuse(`Missing: ${what}. On Debian: ${line}`);
  const prefix = await rootPrefix();
  if (prefix === null) return refuse(`Missing: ${what}. Run: sudo ${line}`);
  console.log(`Missing: ${what}.`);
  if (!yes && !(await isWanted(line))) return refuse(`Not installed. Run: ${line}`);
  const startedAt = Date.now();
  console.log(`  ${line}`);
  // Lists may be absent or old. If they cannot be had, the install below says so.
  await apt(prefix, ['update']);
  const { code, output } = await apt(prefix, line.split(' ').slice(1));
  if (code === 0) console.log(`  installed in ${seconds(startedAt)}`);
  else console.error(`${tail(output, 15)}\nMissing: ${what}. It could not be installed: ${line}`);
  return code === 0;
}

function refuse(message) {
  console.error(message);
  return false;
}

/** @returns {Promise<string[] | null>} null: this user may not install packages */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const { code } = await run('sudo', ['-n', 'true'], { limitMs: 10_000 });
  return code === 0 ? ['sudo', '-n'] : null;
}

async function isWanted(line) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`  Run "${line}"? [Y/n] `);
  terminal.close();
  return /^(y(es)?)?$/i.test(answer.trim());
}

function apt(prefix, args) {
  const words = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', aptGet, '-q', ...args];
  return run(words[0], words.slice(1), { limitMs: 20 * 60_000 });
}
