/** What is taken over: the folders and nodes that a broker has left, and what was in them. */

import assert from 'node:assert/strict';
import { readdir, stat, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { complaintsAbout } from './complaints.ts';
import { makeDataSet, untilCompacted, writeRound } from './data-set.ts';
import type { Expected } from './data-set.ts';
import { copyNodes, Place } from './place.ts';
import type { Program } from './place.ts';
import { appendSequence, newProducerId } from './sequences.ts';
import { tornTopic } from './topics.ts';

export interface Source {
  readonly place: Place;
  readonly expected: Expected;
  /** How many batches the idempotent producer has sent. */
  readonly sequenceCount: number;
  /** Given to another producer. */
  readonly lastProducerId: number;
  /** Of the files, after the last clean stop. */
  readonly complaints: readonly string[];
}

export interface Sources {
  readonly stopped: Source;
  /** By kill -9, and cut through the last batch of `torn`. */
  readonly killed: Source;
}

/** Exit code of a broker that stopped when it was told to. */
export function exitCodeOf(program: Program): number {
  // A JVM that SIGTERM ended.
  return program === 'odradek' ? 0 : 143;
}

/** Two lives of one broker: the first stopped cleanly, the second killed. */
export async function makeSources(
  program: Program,
  { root, zookeeper }: { readonly root: string; readonly zookeeper: string },
): Promise<Sources> {
  const name = `from-${program}`;
  const place = await Place.create({
    folder: join(root, name),
    brokerId: 1,
    logDirs: ['disk-a', 'disk-b'],
    zookeeperConnect: `${zookeeper}/${name}`,
  });
  const firstLife = await place.start(program);
  let stopped: Source;
  try {
    const made = await makeDataSet(place, program);
    await untilCompacted(place);
    const lastProducerId = await newProducerId(place.address);
    assert.equal(await firstLife.stop(), exitCodeOf(program), firstLife.logTail);
    const complaints = await complaintsAbout(place);
    stopped = { place, expected: made, sequenceCount: 1, lastProducerId, complaints };
  } finally {
    await firstLife.kill();
  }
  const copy = await copySource(stopped, zookeeper, 'stopped');
  const secondLife = await place.start(program);
  try {
    await appendSequence(place.address, 1);
    const expected = await writeRound(place, stopped.expected, { by: program, round: 'second' });
    const lastProducerId = await newProducerId(place.address);
    await secondLife.kill();
    const killed = { ...stopped, expected, sequenceCount: 2, lastProducerId };
    const killedCopy = await copySource(killed, zookeeper, 'killed');
    await cutLastBatch(killedCopy.place);
    return { stopped: copy, killed: killedCopy };
  } finally {
    await secondLife.kill();
  }
}

/** Of a place where no broker runs. */
export async function copySource(
  source: Source,
  zookeeper: string,
  suffix: string,
): Promise<Source> {
  const { folder, zookeeperConnect } = source.place.options;
  const chroot = `${zookeeper}/${basename(folder)}-${suffix}`;
  await copyNodes(zookeeperConnect, chroot);
  const place = await source.place.copy({
    folder: `${folder}-${suffix}`,
    zookeeperConnect: chroot,
  });
  return { ...source, place };
}

/** As if the machine had failed while it was written. */
async function cutLastBatch({ logDirs }: Place): Promise<void> {
  for (const logDir of logDirs) {
    const folder = join(logDir, `${tornTopic}-0`);
    const names = await readdir(folder).catch(() => []);
    const logs = names.filter((name) => name.endsWith('.log')).sort();
    for (const name of logs.reverse()) {
      const path = join(folder, name);
      const { size } = await stat(path);
      if (size === 0) continue;
      await truncate(path, size - 7);
      return;
    }
  }
  throw new Error(`there is no record of ${tornTopic}`);
}
