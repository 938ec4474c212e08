/* eslint-disable jest/no-export, jest/valid-title -- a part of the scenario that takeover.test.ts names and puts together */
/** One broker goes on where another has stopped, or was killed: what it has, takes and leaves. */

import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerProcess } from '../../support/server-process.ts';
import type { Expected } from './data-set.ts';
import { observe, writeRound } from './data-set.ts';
import { expectMore, expectSameContent } from './expectations.ts';
import type { Place, Program } from './place.ts';
import { complaintsAbout } from './complaints.ts';
import { appendSequence, batchSize, newProducerId } from './sequences.ts';
import type { Source } from './source.ts';
import { exitCodeOf } from './source.ts';

export interface Takeover {
  readonly name: string;
  readonly by: Program;
  /** Asked before the takeover begins. */
  readonly source: () => Source | Promise<Source>;
  readonly isTorn?: boolean;
}

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;

/** Gives what the broker leaves, for the next. */
export function describeTakeover({ name, by, source, isTorn = false }: Takeover): () => Source {
  let left: Source | null = null;

  describe(name, () => {
    let given: Source;
    let place: Place;
    let broker: ServerProcess | null = null;
    let found: Expected;

    beforeAll(async () => {
      given = await source();
      place = given.place;
      broker = await place.start(by);
      found = await observe(place, given.expected);
    });

    afterAll(async () => {
      await broker?.kill();
    });

    it('has every record with its offset, key, value, headers and time', () => {
      expectSameContent(found, given.expected, { isTorn });
    });

    it('finds nothing wrong with the files', () => {
      expect(troubles(broker?.log ?? '', isTorn)).toEqual([]);
    });

    it('has the configurations of the topics', () => {
      expect(found.configs).toEqual(given.expected.configs);
    });

    it('goes on with the group where it was', () => {
      expect(sum(found.grouped)).toBeGreaterThan(sum(given.expected.grouped));
    });

    it('knows the batches of an idempotent producer', async () => {
      const { sequenceCount } = given;
      const again = await appendSequence(place.address, sequenceCount - 1);
      expect(again).toEqual({ errorCode: 0, baseOffset: (sequenceCount - 1) * batchSize });
      const gap = await appendSequence(place.address, sequenceCount + 3);
      expect(gap.errorCode).toBe(OUT_OF_ORDER_SEQUENCE_NUMBER);
      const next = await appendSequence(place.address, sequenceCount);
      expect(next).toEqual({ errorCode: 0, baseOffset: sequenceCount * batchSize });
    });

    it('takes more records, and stops in order', async () => {
      const lastProducerId = await newProducerId(place.address);
      expect(lastProducerId).toBeGreaterThan(given.lastProducerId);
      const expected = await writeRound(place, found, { by, round: `after-${by}` });
      expectMore(expected, found);
      const sequenceCount = given.sequenceCount + 1;
      expect(await broker?.stop()).toBe(exitCodeOf(by));
      const complaints = await complaintsAbout(place);
      left = { place, expected, sequenceCount, lastProducerId, complaints };
    });

    if (by === 'odradek') {
      it('leaves files in which Kafka 3.9.1 finds nothing that was not there before', () => {
        const known = new Set(given.complaints);
        expect(left?.complaints.filter((complaint) => !known.has(complaint))).toEqual([]);
      });
    }
  });

  return () => {
    assert(left !== null, `${name} has been`);
    return left;
  };
}

/** Lines of a broker's log, ours and Apache Kafka's, that a takeover gives no reason for. */
function troubles(log: string, isTorn: boolean): readonly string[] {
  const trouble = isTorn
    ? /"level":50| (ERROR|FATAL) /
    : /"level":50|"level":40.*"component":"log"| (ERROR|FATAL) | WARN .*(segment|index|snapshot)/;
  return log.split('\n').filter((line) => trouble.test(line));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
