/** Makes a broker of the program wanted the controller. */

import { only } from '../../support/requests.ts';
import { until } from '../support/until.ts';
import type { MixedCluster } from './mixed-cluster.ts';
import type { Program } from './program.ts';

/** Races for the node that are left to chance before the others are held back. */
const freeRaces = 2;

/** Resolves with its id, once every broker knows it. */
export async function makeController(cluster: MixedCluster, wanted: Program): Promise<number> {
  let id = await electedController(cluster);
  for (let race = 0; cluster.member(id).program !== wanted; race++) {
    id = race < freeRaces ? await elect(cluster) : await electAmong(cluster, wanted);
  }
  return id;
}

/** Whoever comes first. */
async function elect(cluster: MixedCluster): Promise<number> {
  await cluster.deleteController();
  return electedController(cluster);
}

/** Only brokers of that program can come first: the others hear of it later, as after a long pause. */
async function electAmong(cluster: MixedCluster, wanted: Program): Promise<number> {
  const others = cluster.members.filter(({ program }) => program !== wanted);
  for (const other of others) other.pause();
  try {
    await cluster.deleteController();
    await untilElected(cluster);
  } finally {
    for (const other of others) other.resume();
  }
  return electedController(cluster);
}

/**
 * Known to every broker: Apache Kafka's may stay away from all elections if the node of the one that it has just
 * lost goes at once.
 */
async function electedController(cluster: MixedCluster): Promise<number> {
  let id = await untilElected(cluster);
  await until('every broker knows the controller', async () => {
    id = await untilElected(cluster);
    const views = await cluster.views();
    return views.every(({ controllerId }) => controllerId === id);
  });
  return id;
}

async function untilElected(cluster: MixedCluster): Promise<number> {
  const seen: number[] = [];
  await until('there is a controller', async () => {
    const id = await cluster.controllerId();
    if (id !== null) seen.push(id);
    return id !== null;
  });
  return only(seen);
}
