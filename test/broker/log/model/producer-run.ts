/**
 * Idempotent and transactional producers of the model test. What the log must know of them it must know
 * after any restart; what lay in segments that are gone it may have forgotten.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../../broker/model/kafka-error.ts';
import type { ModelProducer } from './log-model.ts';
import type { LogRun, StepOf } from './log-run.ts';
import type { BatchFacts } from './model-batch.ts';
import { appendOf, readBack } from './model-batch.ts';

const IDEMPOTENT_ID = 10;
const TRANSACTIONAL_ID = 20;

/** Where the sequences of a producer go on. */
interface Continuation {
  readonly epoch: number;
  readonly next: number;
  readonly isCertain: boolean;
}

export async function produce(run: LogRun, step: StepOf<'produce'>): Promise<void> {
  const id = IDEMPOTENT_ID + step.producer;
  const known = run.model.producer(id);
  const { epoch, next, isCertain } = continuationOf(run, known);
  const facts = (ofEpoch: number, baseSequence: number): BatchFacts => ({
    ...run.plain(step.count, 20),
    producer: { id, epoch: ofEpoch, baseSequence },
  });
  switch (step.trick) {
    case 'next':
      return appendOrForget(run, facts(epoch, next), isCertain);
    case 'new epoch':
      return appendOrForget(run, facts(epoch + 1, 0), true);
    case 'gap':
      if (known === null || !isCertain) return;
      refused(run, facts(epoch, next + 1), ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
      return;
    case 'stale':
      if (!isCertain || epoch === 0) return;
      refused(run, facts(epoch - 1, 0), ErrorCodes.INVALID_PRODUCER_EPOCH);
      return;
    case 'retry the last':
      return retryLast(run, id);
    case 'retry an older':
      return retryOlder(run, id);
    default:
      return step.trick satisfies never;
  }
}

export async function transact(run: LogRun, { producer, act }: StepOf<'transact'>): Promise<void> {
  const id = TRANSACTIONAL_ID + producer;
  const known = run.model.producer(id);
  const { epoch, next, isCertain } = continuationOf(run, known);
  const data = { ...run.plain(2, 20), producer: { id, epoch, baseSequence: next } };
  if (act === 'data') return appendOrForget(run, { ...data, isTransactional: true }, isCertain);
  if (act === 'outside') {
    const first = known?.transactionFirstOffset ?? null;
    if (first !== null && isCertain && run.isCertain(first)) {
      refused(run, data, ErrorCodes.INVALID_TXN_STATE);
    }
    return;
  }
  const marker = act === 'commit' ? ('commit' as const) : ('abort' as const);
  const by = { id, epoch: act === 'fence' ? epoch + 1 : epoch, baseSequence: -1 };
  const facts = { ...run.plain(1, 1), producer: by, isTransactional: true, marker };
  await run.append(facts).written;
}

/** The last batch of a producer is recognised whatever has happened; that changes nothing. */
export async function retryLast(run: LogRun, producerId: number): Promise<void> {
  const last = run.model.producer(producerId)?.batches.at(-1);
  if (last === undefined || !run.isCertain(last.baseOffset)) return;
  const again = run.log.append(readBack(Buffer.from(last.bytes)), { leaderEpoch: 0 });
  assert(again.isDuplicate, `a retry of ${String(last.baseOffset)} was not recognised`);
  assert.equal(again.baseOffset, last.baseOffset);
  assert.equal(again.lastOffset, last.lastOffset);
  await again.written;
}

/** Only the last batch of a producer outlives a restart. */
async function retryOlder(run: LogRun, id: number): Promise<void> {
  const [older] = run.model.producer(id)?.batches.slice(0, -1) ?? [];
  if (older === undefined || !run.isCertain(older.baseOffset)) return;
  try {
    const again = run.log.append(readBack(Buffer.from(older.bytes)), { leaderEpoch: 0 });
    assert(again.isDuplicate);
    assert.equal(again.baseOffset, older.baseOffset);
    await again.written;
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    assert.equal(error.code, ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
  }
}

function continuationOf(run: LogRun, known: ModelProducer | null): Continuation {
  if (known === null) return { epoch: 0, next: 0, isCertain: true };
  const isCertain = run.isCertain(known.lastOffset, known.batches.at(-1)?.baseOffset);
  return { epoch: known.epoch, next: known.lastSequence + 1, isCertain };
}

/** Of a producer that the log may have forgotten, a next sequence may be refused. */
async function appendOrForget(run: LogRun, facts: BatchFacts, isCertain: boolean): Promise<void> {
  const end = run.model.end;
  try {
    const result = run.append(facts);
    assert(!result.isDuplicate);
    await result.written;
  } catch (error) {
    assert(error instanceof KafkaError && !isCertain, String(error));
    assert.equal(error.code, ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert.equal(run.model.end, end);
  }
}

function refused(run: LogRun, facts: BatchFacts, code: number): void {
  assert.throws(
    () => run.log.append(appendOf(facts), { leaderEpoch: run.leaderEpoch }),
    (error: unknown) => error instanceof KafkaError && error.code === code,
  );
}
