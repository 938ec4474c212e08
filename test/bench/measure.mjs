/** Runs the cells on one or two brokers in turn and gives medians. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { RunningBroker } from './brokers.mjs';
import { loadCells, memoryCell, produceLarge, readyCell } from './cells.mjs';
import { failedFigure, median } from './long/long-cell.mjs';
import { longCells } from './long/long-cells.mjs';

/**
 * @typedef {object} Figure one cell on one broker
 * @property {string} rate
 * @property {string} cost with user and system time apart
 * @property {number | null} costTotal for the ratio of two brokers
 * @property {string} [error] why there is none
 */

/** @typedef {{missing: string}} NotMeasured why this machine cannot have a figure */

/**
 * @typedef {object} Plan
 * @property {readonly import('./brokers.mjs').BrokerKind[]} kinds ours first
 * @property {ReadonlySet<string>} cells names
 * @property {number} rounds
 * @property {number} warmBytes produced once to each broker before anything is counted
 * @property {number} scale of the amounts and durations of the long cells
 * @property {string} folder
 * @property {number} brokerCpu
 * @property {number} clientCpu
 */

const warmStepBytes = 1e9;
const pauseMs = 300;

/** @param {Plan} plan @returns {Promise<Map<string, (Figure | NotMeasured)[]>>} of each cell a figure per broker */
export async function measure(plan) {
  const figures = new Map();
  if (plan.cells.has(readyCell.name)) figures.set(readyCell.name, await measureReady(plan));
  await measureUnderLoad(plan, figures);
  for (const cell of longCells.filter(({ name }) => plan.cells.has(name)))
    figures.set(cell.name, await measureLong(cell, plan));
  return figures;
}

/** Last, as each has the machine to itself. */
async function measureLong(cell, plan) {
  console.log(`${cell.name}: this takes minutes`);
  const measured = await cell
    .measure(plan)
    .catch((error) => plan.kinds.map(() => failedFigure(error)));
  if (typeof measured === 'string') return [{ missing: measured }];
  progress(
    cell.name,
    plan.kinds,
    measured.map(({ rate, cost, error }) => error ?? `${rate}, ${cost}`),
  );
  return measured;
}

async function measureUnderLoad(plan, figures) {
  const chosen = loadCells.filter(({ name }) => plan.cells.has(name));
  const withMemory = plan.cells.has(memoryCell.name);
  if (chosen.length === 0 && !withMemory) return;
  const brokers = await startAll(plan);
  try {
    for (const broker of brokers) await warmUp(broker, plan);
    for (const cell of chosen) figures.set(cell.name, await measureLoad(cell, brokers, plan));
    if (withMemory) figures.set(memoryCell.name, await measureMemory(brokers, plan));
  } finally {
    for (const broker of brokers) await broker.stop();
  }
}

async function startAll({ kinds, folder, brokerCpu }) {
  const brokers = [];
  for (const [index, kind] of kinds.entries())
    brokers.push(
      await RunningBroker.start({ kind, folder: join(folder, `load-${index}`), cpu: brokerCpu }),
    );
  return brokers;
}

async function measureReady({ kinds, folder, brokerCpu, rounds }) {
  const times = kinds.map(() => []);
  // The first start is not counted: it reads the program from the disk.
  for (let round = -1; round < rounds; round++)
    for (const [index, kind] of kinds.entries()) {
      const place = join(folder, `ready-${index}-${round}`);
      const broker = await RunningBroker.start({ kind, folder: place, cpu: brokerCpu });
      if (round >= 0) times[index].push(broker.readyMs / 1000);
      await broker.stop();
    }
  progress(
    readyCell.name,
    kinds,
    times.map(median).map((it) => `${it.toFixed(2)} s`),
  );
  return times.map((all) => ({ rate: `${median(all).toFixed(2)} s`, cost: '', costTotal: null }));
}

/** Compilers of both warm up, and the page cache gets the pages that later runs use again. */
async function warmUp(broker, { warmBytes, clientCpu }) {
  const topic = 'bench-produce';
  for (let done = 0; done < warmBytes; done += warmStepBytes) {
    await produceLarge({ bootstrap: broker.bootstrap, topic, cpu: clientCpu }, warmStepBytes);
    broker.movedBytes += warmStepBytes;
    await broker.settle(topic);
  }
}

async function measureLoad(cell, brokers, { rounds, clientCpu }) {
  const runs = brokers.map(() => []);
  const failures = brokers.map(() => null);
  const clientOf = ({ bootstrap }) => ({ bootstrap, topic: cell.topic, cpu: clientCpu });
  // The first run is not counted: it makes the topic, and the code for it is compiled.
  for (let round = -1; round < rounds; round++)
    for (const [index, broker] of brokers.entries()) {
      if (failures[index] !== null) continue;
      try {
        if (round === -1) await cell.fill?.(clientOf(broker));
        const one = await runOnce(cell, broker, clientOf(broker));
        if (round >= 0) runs[index].push(one);
      } catch (error) {
        failures[index] = error.message;
      }
    }
  const figures = runs.map((all, index) => figureOf(cell, all, failures[index]));
  progress(
    cell.name,
    brokers,
    figures.map(({ rate, cost, error }) => error ?? `${rate}, ${cost}`),
  );
  return figures;
}

async function runOnce(cell, broker, client) {
  await broker.settle(cell.topic);
  await sleep(pauseMs);
  const before = broker.cpuSeconds();
  const report = await cell.run(client);
  await sleep(pauseMs / 3);
  const after = broker.cpuSeconds();
  broker.movedBytes += report.bytes;
  const scale = cell.cost.scale / cell.cost.amount(report);
  const user = (after.user - before.user) * scale;
  const system = (after.system - before.system) * scale;
  return { rate: cell.rate.read(report), user, system, total: user + system };
}

/** Medians of each column, so user and system need not add up to the total. */
function figureOf(cell, runs, error) {
  if (error !== null) return { rate: '', cost: '', costTotal: null, error };
  const { rate, cost } = cell;
  const [speed, user, system, total] = ['rate', 'user', 'system', 'total'].map((key) =>
    median(runs.map((run) => run[key])),
  );
  return {
    rate: `${speed.toFixed(0)} ${rate.unit}`.replace(' /', '/'),
    cost: `${digits(user)} + ${digits(system)} ${cost.unit}`,
    costTotal: total,
  };
}

/** What is missing to the amount is produced now. */
async function measureMemory(brokers, { clientCpu }) {
  const figures = [];
  for (const broker of brokers) {
    const client = { bootstrap: broker.bootstrap, topic: 'bench-produce', cpu: clientCpu };
    while (broker.movedBytes < memoryCell.movedBytes) {
      const { bytes } = await produceLarge(client, warmStepBytes);
      broker.movedBytes += bytes;
      await broker.settle(client.topic);
    }
    const { now, most } = broker.memory();
    const cost = `most ${most.toFixed(0)} MiB`;
    figures.push({ rate: `${now.toFixed(0)} MiB`, cost, costTotal: null });
  }
  progress(
    memoryCell.name,
    brokers,
    figures.map(({ rate, cost }) => `${rate}, ${cost}`),
  );
  return figures;
}

function progress(cell, brokers, texts) {
  console.log(
    `${cell}: ${texts.map((text, index) => `${brokers[index].name} ${text}`).join(' | ')}`,
  );
}

function digits(value) {
  return value.toFixed(value < 10 ? 2 : 1);
}
