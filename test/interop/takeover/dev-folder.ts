/* eslint-disable jest/no-export -- a part of the scenario that takeover.test.ts puts together */
/** What `odradek broker --dev` has made goes to a real ZooKeeper, and to Apache Kafka. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Finished } from '../../support/child.ts';
import { runToEnd } from '../../support/child.ts';
import { ourProgram } from '../support/broker-under-test.ts';
import { makeDataSet } from './data-set.ts';
import { Place } from './place.ts';
import { newProducerId } from './sequences.ts';
import type { Source } from './source.ts';
import { describeTakeover } from './takeover.ts';

interface Surroundings {
  readonly root: string;
  readonly zookeeper: string;
}

export function devFolder(surroundings: () => Surroundings): void {
  describe('a folder that --dev made', () => {
    let source: Source | null = null;
    let refused: Finished;
    let moved: Finished;
    let movedAgain: Finished;

    beforeAll(async () => {
      const { root, zookeeper } = surroundings();
      const connect = `${zookeeper}/moved/from-dev`;
      const place = await Place.create({
        folder: join(root, 'dev'),
        brokerId: 0,
        logDirs: ['data'],
        zookeeperConnect: 'local:',
      });
      const broker = await place.broker('odradek', ['--dev']);
      try {
        await broker.start();
        const expected = await makeDataSet(place, 'odradek');
        const lastProducerId = await newProducerId(place.address);
        refused = await moveStore(connect, place);
        // What it leaves then has the ephemeral nodes of a broker in it.
        await broker.kill();
        moved = await moveStore(connect, place);
        movedAgain = await moveStore(connect, place);
        const there = place.as({ zookeeperConnect: connect });
        const rest = { sequenceCount: 1, lastProducerId, complaints: [] };
        source = { place: there, expected, ...rest };
      } finally {
        await broker.kill();
      }
    });

    it('does not move while its broker runs', () => {
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^A broker runs on \S+: it holds \S+\. Stop it first\n$/);
    });

    it('moves when it is asked to, once', () => {
      expect([moved.code, moved.stderr]).toEqual([0, '']);
      expect(moved.stdout).toMatch(/^Moved cluster \S+, \d+ nodes, to [^]*zookeeper\.connect=/);
      expect(movedAgain.code).toBe(0);
      expect(movedAgain.stdout).toContain('before: nothing was changed');
    });

    const left = describeTakeover({
      name: 'taken over by Apache Kafka 3.9.1 after kill -9',
      by: '3.9.1',
      source: () => {
        assert(source !== null);
        return source;
      },
    });
    describeTakeover({ name: 'and back again, with ZooKeeper', by: 'odradek', source: left });
  });
}

function moveStore(target: string, { logDirs: [folder = ''] }: Place): Promise<Finished> {
  return runToEnd({ command: ourProgram, args: ['move-store', '--to', target, folder] });
}
