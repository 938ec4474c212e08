/**
 * `npm run bench [-- --quick] [--cell NAME]... [--profile CELL] [--list] [--yes]`: speed and memory of the
 * broker beside Apache Kafka 3.9.1 with librdkafka's load generator, the broker on one core and the client on
 * another. Figures are printed, not judged: a cell passes when it could be measured.
 *
 * - `--quick`: fewer rounds, without the cells that take minutes unless they are named; Apache Kafka only
 *   where a JDK, Maven and ZooKeeper are there already.
 * - `--scale N`: amounts and durations of the cells that take minutes, 1 unless told; the table names it.
 * - `--profile CELL`: no table, but the functions of our broker that cost most in that cell.
 * - `--rounds N`, `--alone` (without Apache Kafka), `--broker FILE` (main.js of another build),
 *   `--folder DIR` (for the data; the system's temporary folder unless told). The long cells keep up to 25 GB
 *   there, each after the other, and say so where there is less.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { apacheKafka, odradek, startZooKeeper } from '../test/bench/brokers.mjs';
import { allCells, loadCells } from '../test/bench/cells.mjs';
import { compileClient } from '../test/bench/client/rdkafka-performance.mjs';
import { compileSteadyLatency } from '../test/bench/client/steady-latency.mjs';
import { longCells } from '../test/bench/long/long-cells.mjs';
import { measure } from '../test/bench/measure.mjs';
import { profile } from '../test/bench/profile.mjs';
import { fetchPart } from '../test/interop/maven/fetch.mjs';
import { build } from './lib/build.mjs';
import { needs, prepareNeed } from './lib/needs.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';
import { fail, printTable, tallyLine } from './lib/output.mjs';
import { repository } from './lib/repository.mjs';

const brokerCpu = 0;
const clientCpu = 1;
const everyCell = [...allCells, ...longCells];
const options = parse();
const brokerMain = resolve(options.broker ?? join(repository, 'dist', 'broker', 'main.js'));

if (options.list) printTable(everyCell.map((cell) => [cell.name, cell.wanted, cell.description]));
else await main().catch(giveUp);

function parse() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      cell: { type: 'string', multiple: true },
      scale: { type: 'string', default: '1' },
      profile: { type: 'string' },
      list: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      alone: { type: 'boolean', default: false },
      broker: { type: 'string' },
      folder: { type: 'string', default: tmpdir() },
    },
  });
  const cell = values.cell ?? (values.quick ? allCells : everyCell).map(({ name }) => name);
  checkNames(cell, everyCell);
  checkNames(values.profile === undefined ? [] : [values.profile], loadCells);
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
  if (!Number.isInteger(rounds) || rounds < 1) fail('--rounds takes a number from 1 on.');
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 10)) fail('--scale takes a number above 0, up to 10.');
  return { ...values, cell, rounds, scale };
}

function checkNames(names, cells) {
  const known = cells.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    fail(`There is no cell ${unknown.join(', ')}; there are ${known.join(', ')}.`);
}

/** A broker or ZooKeeper did not start: there is no table then. */
function giveUp(error) {
  console.error(error.message);
  console.log(tallyLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exit(1);
}

async function main() {
  await installDependencies({ yes: options.yes });
  if (options.broker === undefined) await build();
  const missing = await whyNot();
  if (missing !== null) return report({ missing });
  // process.exit runs what ends the servers.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const folder = mkdtempSync(join(options.folder, 'odradek-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  if (options.profile !== undefined) await printProfile(folder);
  else await compare(folder);
}

/** What nothing can be measured without; null if all is there. */
async function whyNot() {
  if (process.platform !== 'linux') return 'Linux';
  if (availableParallelism() < 2) return 'two cores';
  return (
    (await prepareNeed('librdkafka', needs, { yes: options.yes })) ??
    (await compileClient()) ??
    (await compileSteadyLatency())
  );
}

async function printProfile(folder) {
  const { profile: cell, rounds } = options;
  const { file, rows } = await profile({
    cell,
    main: brokerMain,
    rounds,
    folder,
    brokerCpu,
    clientCpu,
  });
  printTable([['self', 'function'], ...rows]);
  console.log(file);
  console.log(tallyLine({ passed: 1, failed: 0, skipped: 0 }));
}

async function compare(folder) {
  const kafkaMissing = options.alone ? 'not asked for' : await whyNoKafka();
  if (kafkaMissing !== null) console.log(`Apache Kafka 3.9.1 is left out: ${kafkaMissing}`);
  const zookeeper =
    kafkaMissing === null
      ? await startZooKeeper({ folder: join(folder, 'zookeeper'), cpu: clientCpu })
      : null;
  const ours = odradek({ main: brokerMain });
  const kinds = zookeeper === null ? [ours] : [ours, apacheKafka({ zookeeper: zookeeper.connect })];
  const loadBefore = loadavg()[0];
  try {
    const figures = await measure({
      kinds,
      cells: new Set(options.cell),
      rounds: options.rounds,
      scale: options.scale,
      warmBytes: options.quick ? 2e9 : 6e9,
      folder,
      brokerCpu,
      clientCpu,
    });
    report({ figures, kafkaMissing, loadBefore });
  } finally {
    await zookeeper?.stop();
  }
}

/** @returns {Promise<string | null>} */
async function whyNoKafka() {
  const names = ['java', 'maven', 'zookeeper'];
  const absent = names.map((name) => needs[name]).filter((need) => !need.isHere());
  if (options.quick && absent.length > 0)
    return `it needs ${absent.map(({ what }) => what).join('; ')}`;
  for (const name of names) {
    const missing = await prepareNeed(name, needs, { yes: options.yes });
    if (missing !== null) return `it needs ${missing}`;
  }
  return fetchPart('kafka-3.9.1');
}

/** @param {{figures?: Map<string, import('../test/bench/measure.mjs').Figure[]>, missing?: string, kafkaMissing?: string | null, loadBefore?: number}} result */
function report({ figures = new Map(), missing, kafkaMissing = null, loadBefore = 0 }) {
  const cells = everyCell.filter(({ name }) => options.cell.includes(name));
  const tally = { passed: 0, failed: 0, skipped: 0 };
  const rows = cells.map((cell) => {
    const [ours, theirs] = figures.get(cell.name) ?? [];
    if (ours === undefined || ours.missing !== undefined) tally.skipped += 1;
    else if (ours.error !== undefined || theirs?.error !== undefined) tally.failed += 1;
    else tally.passed += 1;
    return [cell.name, cell.wanted, ...textOf(ours), ...textOf(theirs), ratio(ours, theirs)];
  });
  console.log('\nbench:');
  printTable([
    [
      'cell',
      'wanted',
      'Odradek',
      'CPU user + system',
      'Kafka 3.9.1',
      'CPU user + system',
      'CPU ours/theirs',
    ],
    ...rows,
  ]);
  for (const { name, description } of cells) console.log(`  ${name}: ${description}`);
  for (const { name } of cells) {
    const why = figures.get(name)?.[0]?.missing;
    if (why !== undefined) console.log(`  ${name} was not measured: it needs ${why}.`);
  }
  if (options.scale !== 1 && cells.some((cell) => longCells.includes(cell)))
    console.log(
      `  At scale ${options.scale}: ${longCells.map(({ name }) => name).join(', ')} with that part of their amounts.`,
    );
  if (missing === undefined)
    console.log(
      `  Medians of ${options.rounds} runs; broker on core ${brokerCpu}, client on core ${clientCpu}; ` +
        `Node ${process.version}, Linux ${release()}; load average before ${loadBefore.toFixed(1)}.`,
    );
  else console.log(`  Nothing was measured: this needs ${missing}.`);
  if (kafkaMissing !== null && !options.alone) tally.skipped += 1;
  console.log(tallyLine(tally));
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

function textOf(figure) {
  if (figure === undefined) return ['-', '-'];
  if (figure.missing !== undefined) return ['not measured', ''];
  return figure.error === undefined
    ? [figure.rate, figure.cost]
    : ['failed', firstLine(figure.error)];
}

function firstLine(text) {
  return text.split('\n')[0].slice(0, 60);
}

function ratio(ours, theirs) {
  const isKnown = typeof ours?.costTotal === 'number' && typeof theirs?.costTotal === 'number';
  return isKnown ? (ours.costTotal / theirs.costTotal).toFixed(2) : '';
}
