/**
 * Runs scenarios: `node scripts/run.mjs test/interop [NAME...] [--list] [--yes] [--key value...]`.
 *
 * A folder of scenarios holds
 * - `scenarios.json`: `[{"name", "description", "file", "needs": [...], "timeoutMinutes"?, "env"?}]`. `file` is a jest
 *   test beside it, `<name>.test.ts`; its tests may import anything from broker/, operator/ and test/support/;
 * - `needs.mjs`, if it needs more than lib/needs.mjs knows: a default export
 *   `{<need>: {what: 'Kafka 3.9.1 from Maven Central', prepare: async () => null | 'why it cannot be had'}}`,
 *   and `release: async () => ...` where something has to be put away at the end, also after Ctrl-C.
 *
 * A scenario that lacks something is skipped, and the table says what. Everything is built before, so
 * dist/broker/main.js is there. `--key value` reaches the tests as ODRADEK_KEY=value; `--scenario NAME` is the same
 * as NAME, and `--minutes M` of work is added to what a scenario may take.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { build } from './lib/build.mjs';
import { runJest } from './lib/jest.mjs';
import { needs as commonNeeds, prepareNeed, releaseNeeds } from './lib/needs.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';
import { add, fail, nothing, printTable, seconds, tallyLine } from './lib/output.mjs';
import { repository } from './lib/repository.mjs';

const [folder = '', ...given] = process.argv.slice(2);
const options = parse(given);
const scenarios = chosen(readScenarios(), options.names);
if (options.list)
  printTable(
    scenarios.map(({ name, needs, description }) => [name, needs.join(', '), description]),
  );
else process.exitCode = (await runAll()).failed > 0 ? 1 : 0;

/** @returns {{list: boolean, yes: boolean, names: string[], env: Record<string, string>}} */
function parse(args) {
  const parsed = { list: false, yes: false, names: [], env: {} };
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === '--list') parsed.list = true;
    else if (word === '--yes') parsed.yes = true;
    else if (word === '--scenario') parsed.names.push(args[++index] ?? '');
    else if (word.startsWith('--')) {
      const [key, value] = word.slice(2).split('=');
      const next = args[index + 1];
      const isFlag = value === undefined && (next === undefined || next.startsWith('--'));
      if (value === undefined && !isFlag) index++;
      parsed.env[`ODRADEK_${key.replaceAll('-', '_').toUpperCase()}`] =
        value ?? (isFlag ? '1' : next);
    } else parsed.names.push(word);
  }
  return parsed;
}

function readScenarios() {
  const file = join(repository, folder, 'scenarios.json');
  if (folder === '' || !existsSync(file))
    fail(`There are no scenarios in ${folder || '(no folder given)'}: ${file} is missing.`);
  return JSON.parse(readFileSync(file, 'utf8')).map((scenario) => ({
    needs: [],
    timeoutMinutes: 10,
    ...scenario,
  }));
}

function chosen(all, names) {
  const unknown = names.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0)
    fail(
      `There is no scenario ${unknown.join(', ')} in ${folder}; there are ${all.map(({ name }) => name).join(', ')}.`,
    );
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function runAll() {
  await installDependencies({ yes: options.yes });
  await build();
  const needs = { ...commonNeeds, ...(await ownNeeds()) };
  const unknown = scenarios.flatMap((scenario) => scenario.needs).find((name) => !(name in needs));
  if (unknown !== undefined)
    fail(`${folder}/scenarios.json: nothing is known of the need ${unknown}.`);
  const rows = [];
  let sum = nothing;
  const interrupted = interruption();
  try {
    for (const scenario of scenarios) {
      if (interrupted()) break;
      const startedAt = Date.now();
      const outcome = await runScenario(scenario, needs);
      rows.push([
        scenario.name,
        outcome.result,
        tallyLine(outcome.tally),
        seconds(startedAt),
        outcome.note,
      ]);
      sum = add(sum, outcome.tally);
    }
  } finally {
    await releaseNeeds(needs);
  }
  if (interrupted() && sum.failed === 0) sum = add(sum, { ...nothing, failed: 1 });
  console.log(`\n${basename(folder)}:`);
  printTable(rows);
  console.log(tallyLine(sum));
  return sum;
}

/** Ctrl-C ends what runs (command.mjs does that); what was brought up is still to be put away. */
function interruption() {
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      isInterrupted = true;
    });
  return () => isInterrupted;
}

async function ownNeeds() {
  const file = join(repository, folder, 'needs.mjs');
  return existsSync(file) ? (await import(pathToFileURL(file).href)).default : {};
}

/** @returns {Promise<{result: string, tally: import('./lib/output.mjs').Tally, note: string}>} */
async function runScenario(scenario, needs) {
  console.log(`\n== ${scenario.name}: ${scenario.description}`);
  for (const name of scenario.needs) {
    const missing = await prepareNeed(name, needs, { yes: options.yes });
    if (missing !== null)
      return { result: 'skipped', tally: { ...nothing, skipped: 1 }, note: `needs ${missing}` };
  }
  const tally = await runJest({
    args: ['--config', 'jest.scenarios.config.js', '--runTestsByPath', join(folder, scenario.file)],
    env: { ...scenario.env, ...options.env },
    limitMs: (scenario.timeoutMinutes + Number(options.env.ODRADEK_MINUTES ?? 0)) * 60_000,
  });
  return { result: tally.failed > 0 ? 'FAILED' : 'passed', tally, note: tally.note };
}
