/** Where our broker spends its time in one cell: V8's sampling profiler, and the functions that cost most. */

import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { repository } from '../../scripts/lib/repository.mjs';
import { odradek, RunningBroker } from './brokers.mjs';
import { loadCells } from './cells.mjs';

const shownCount = 30;

/**
 * Runs the cell several times, so that starting and compiling weigh little.
 *
 * @param {object} options
 * @param {string} options.cell
 * @param {string} options.main
 * @param {number} options.rounds
 * @param {string} options.folder
 * @param {number} options.brokerCpu
 * @param {number} options.clientCpu
 * @returns {Promise<{file: string, rows: string[][]}>} the file is for a browser's developer tools
 */
export async function profile({ cell: name, main, rounds, folder, brokerCpu, clientCpu }) {
  const cell = loadCells.find((it) => it.name === name);
  const profiles = join(repository, '.cache', 'bench', `profile-${name}-${process.pid}`);
  mkdirSync(profiles, { recursive: true });
  const nodeOptions = ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profiles}`];
  const kind = odradek({ main, nodeOptions });
  const broker = await RunningBroker.start({
    kind,
    folder: join(folder, 'profile'),
    cpu: brokerCpu,
  });
  try {
    const client = { bootstrap: broker.bootstrap, topic: cell.topic, cpu: clientCpu };
    await cell.fill?.(client);
    for (let round = 0; round < rounds; round++) {
      await cell.run(client);
      await broker.settle(cell.topic);
    }
  } finally {
    await broker.stop();
  }
  const file = join(profiles, readdirSync(profiles)[0]);
  return { file, rows: hottest(JSON.parse(readFileSync(file, 'utf8'))) };
}

/** Self time, of all that was not idle. */
function hottest({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map();
  let busy = 0;
  samples.forEach((id, index) => {
    const frame = byId.get(id);
    if (frame.functionName === '(idle)') return;
    const key = `${frame.functionName || '(anonymous)'} ${placeOf(frame)}`;
    times.set(key, (times.get(key) ?? 0) + timeDeltas[index]);
    busy += timeDeltas[index];
  });
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, shownCount)
    .map(([key, time]) => [`${((100 * time) / busy).toFixed(1)} %`, key]);
}

function placeOf({ url, lineNumber }) {
  return url === '' ? '' : `${url.replace(/^.*\/(dist|node_modules)\//, '')}:${lineNumber + 1}`;
}
