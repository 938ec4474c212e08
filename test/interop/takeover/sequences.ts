/**
 * An idempotent producer, request by request: what a broker knows of it after a takeover is seen from
 * how it answers a batch that it has, the next one, and one that leaves a gap.
 */

import assert from 'node:assert/strict';
import { buildBatch } from '../../../broker/records/builder.ts';
import { initProducerId } from '../../../broker/protocol/messages/init-producer-id.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { only, produceRequest } from '../../support/requests.ts';
import { until } from '../support/until.ts';
import { withConnection } from './connection.ts';
import { sequenceTopic } from './topics.ts';

/** The producer's own: an id that a broker would give later than any of these tests. */
const producerId = 4_000_000;
export const batchSize = 5;

const COORDINATOR_LOAD_IN_PROGRESS = 14;

export interface Answer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

/** The `index`-th batch of the producer: again, or for the first time. */
export function appendSequence(bootstrap: string, index: number): Promise<Answer> {
  const values = Array.from({ length: batchSize }, (_, n) => `${String(index)}-${String(n)}`);
  const producer = { id: producerId, epoch: 0, baseSequence: index * batchSize };
  // Of now: brokers forget producers whose last record is old.
  const timestampMs = Date.now();
  const records = values.map((value) => ({
    key: null,
    value: Buffer.from(value),
    timestampMs,
    headers: [],
  }));
  const request = produceRequest(sequenceTopic, buildBatch({ records, producer }));
  return withConnection(bootstrap, async (connection) => {
    const answer = await connection.send(produce, 9, request);
    const { errorCode, baseOffset } = only(only(answer.responses).partitionResponses);
    return { errorCode, baseOffset: Number(baseOffset) };
  });
}

/** For a new producer. */
export async function newProducerId(bootstrap: string): Promise<number> {
  const request = { ...initProducerId.request.initial, transactionalId: null };
  return withConnection(bootstrap, async (connection) => {
    let answer = await connection.send(initProducerId, 4, request);
    await until('there is a producer id', async () => {
      // A broker that has to ask the controller for ids says so and lets the client ask again.
      if (answer.errorCode !== COORDINATOR_LOAD_IN_PROGRESS) return true;
      answer = await connection.send(initProducerId, 4, request);
      return false;
    });
    assert.equal(answer.errorCode, 0);
    return Number(answer.producerId);
  });
}
