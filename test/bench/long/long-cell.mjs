/** What the cells that need minutes and gigabytes have in common. */

import { join } from 'node:path';

import { RunningBroker } from '../brokers.mjs';

/**
 * @typedef {object} LongCell brings its own brokers up, and takes them down
 * @property {string} name
 * @property {string} description
 * @property {string} wanted
 * @property {(plan: LongPlan) => Promise<import('../measure.mjs').Figure[] | string>} measure
 *   a figure per broker, or why this machine cannot have any
 */

/**
 * @typedef {object} LongPlan
 * @property {readonly import('../brokers.mjs').BrokerKind[]} kinds ours first
 * @property {string} folder
 * @property {number} rounds
 * @property {number} scale by which amounts and durations are multiplied
 * @property {number} brokerCpu
 * @property {number} clientCpu
 */

/** Brokers of every kind at the same time, for rounds in turn. */
export async function withBrokers({ kinds, folder, brokerCpu }, options, task) {
  const brokers = [];
  try {
    for (const [index, kind] of kinds.entries()) {
      const place = join(folder, `${options.name}-${index}`);
      const properties = options.properties?.(index) ?? {};
      brokers.push(await RunningBroker.start({ kind, folder: place, cpu: brokerCpu, properties }));
    }
    return await task(brokers);
  } finally {
    for (const broker of brokers) await broker.stop();
  }
}

/** One broker after the other, each alone on the machine; a failure of one is its figure. */
export async function oneByOne(plan, options, task) {
  const figures = [];
  for (const kind of plan.kinds) {
    const name = `${options.name}-${figures.length}`;
    const alone = withBrokers({ ...plan, kinds: [kind] }, { ...options, name }, ([broker]) =>
      task(broker),
    );
    figures.push(await alone.catch(failedFigure));
  }
  return figures;
}

/** @param {Error} error */
export function failedFigure(error) {
  return { rate: '', cost: '', costTotal: null, error: error.message };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Times come in microseconds. */
export function milliseconds(us) {
  const ms = us / 1000;
  return ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0);
}
