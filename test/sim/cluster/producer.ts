/**
 * A producer of one partition by Kafka's rules: up to five batches under way on one connection, in
 * order; what fails with a retriable code is sent again together with what followed it, until it is
 * acknowledged. An idempotent producer gives every batch its sequence numbers once.
 *
 * One that is not idempotent also sends what is damaged, what only the leader is to acknowledge, and
 * gives up what was refused before it was appended: that never shows.
 *
 * Where a broker remembers of a producer's batches only the last, as after a start from a snapshot, a
 * retry of an earlier one is out of order, although it is in the log. And a broker that knows nothing of
 * a producer takes any first batch, so that those before it, which it had refused, come too late. Then
 * nobody can say what became of what is under way: it is given up, may show or not, and the producer
 * begins anew with another id.
 */

import assert from 'node:assert/strict';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes, errorName } from '../../../broker/model/error-codes.ts';
import { initProducerId } from '../../../broker/protocol/messages/init-producer-id.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { batchOf, only, produceRequest, PRODUCE_VERSION } from '../../support/requests.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ClusterClient, Leader } from './client.ts';
import { answered } from './client.ts';
import type { PartitionLedger } from './partition-ledger.ts';
import { isRetriable } from './retriable.ts';
import type { StateHistory } from './state-history.ts';

const IN_FLIGHT_MAX = 5;

export interface ProducerOptions {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly isIdempotent: boolean;
  readonly minInSync: number;
  /** Between two rounds, at most. */
  readonly thinkMs: number;
  readonly client: ClusterClient;
  readonly ledger: PartitionLedger;
  readonly history: StateHistory;
  /** How many brokers have everything before that offset. */
  readonly copies: (endOffset: number) => Promise<number>;
  readonly scheduler: Scheduler;
  readonly isOver: () => boolean;
}

type Kind = 'whole' | 'damaged' | 'for the leader alone';

interface Batch {
  readonly kind: Kind;
  readonly values: readonly string[];
  readonly baseSequence: number;
  wasSentBefore: boolean;
  /** When it was first sent: a retry may be acknowledged for what was committed long ago. */
  readonly firstMs: number;
}

interface Identity {
  readonly id: number;
  readonly epoch: number;
}

export class Producer {
  readonly #options: ProducerOptions;
  /** Not acknowledged, in the order in which they were first sent. */
  #unacknowledged: Batch[] = [];
  #identity: Identity | null = null;
  #sequence = 0;
  #acknowledgedSequence = 0;
  #count = 0;
  /** What is under way may be in the log, or not. */
  #isInDoubt = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Until it is over, and everything that was sent is acknowledged. */
  async run(): Promise<void> {
    const { client, scheduler, isOver, thinkMs } = this.#options;
    for (let failures = 0; ;) {
      if (isOver() && this.#unacknowledged.length === 0) return;
      if (!isOver() && failures === 0) await scheduler.pause(scheduler.random.integer(thinkMs));
      if (!isOver()) this.#addBatches();
      const before = this.#unacknowledged.length;
      await this.#round();
      failures = this.#unacknowledged.length < before ? 0 : failures + 1;
      if (this.#unacknowledged.length === 0) continue;
      await client.backOff(failures);
      client.forgetLeaders();
      await client.refresh(this.#options.topic);
    }
  }

  #addBatches(): void {
    const { random } = this.#options.scheduler;
    const room = IN_FLIGHT_MAX - this.#unacknowledged.length;
    if (room <= 0) return;
    const count = Math.min(room, 1 + random.integer(random.integer(3) === 0 ? IN_FLIGHT_MAX : 1));
    for (let index = 0; index < count; index += 1) this.#addBatch(1 + random.integer(3));
  }

  #addBatch(size: number): void {
    const { name, ledger, isIdempotent, scheduler } = this.#options;
    const values = Array.from({ length: size }, () => {
      this.#count += 1;
      const value = `${name}/${String(this.#count)}/${'x'.repeat(scheduler.random.integer(100))}`;
      ledger.send(value, this.#count, { producer: name, isIdempotent });
      return value;
    });
    this.#unacknowledged.push({
      kind: isIdempotent ? 'whole' : this.#anyKind(),
      values,
      baseSequence: this.#sequence,
      wasSentBefore: false,
      firstMs: scheduler.nowMs,
    });
    this.#sequence += size;
  }

  #anyKind(): Kind {
    const choice = this.#options.scheduler.random.integer(20);
    if (choice === 0) return 'damaged';
    return choice < 3 ? 'for the leader alone' : 'whole';
  }

  async #round(): Promise<void> {
    const { topic, partition, client, isIdempotent } = this.#options;
    const leader = await client.leaderOf(topic, partition);
    if (leader === null || leader.id < 0) return;
    if (isIdempotent && !(await this.#hasIdentity())) return;
    const connection = await client.connection(leader.id);
    if (connection === null) return;
    const batches = [...this.#unacknowledged];
    const done = await Promise.all(batches.map((batch) => this.#send(batch, connection, leader)));
    for (const batch of batches) batch.wasSentBefore = true;
    this.#unacknowledged = batches.filter((_, index) => done[index] !== true);
    if (this.#isInDoubt) this.#beginAnew();
  }

  #beginAnew(): void {
    const { scheduler, name } = this.#options;
    scheduler.trace.note(`${name} gives up ${String(this.#unacknowledged.length)} batches`);
    this.#unacknowledged = [];
    this.#identity = null;
    this.#sequence = 0;
    this.#acknowledgedSequence = 0;
    this.#isInDoubt = false;
  }

  async #hasIdentity(): Promise<boolean> {
    if (this.#identity !== null) return true;
    const answer = await this.#options.client.ask(null, initProducerId, 4, {
      ...initProducerId.request.initial,
      transactionalId: null,
    });
    if (answer?.errorCode !== ErrorCodes.NONE) return false;
    this.#identity = { id: Number(answer.producerId), epoch: answer.producerEpoch };
    return true;
  }

  /** True when nothing more is to be done for it. */
  async #send(batch: Batch, connection: BrokerConnection, leader: Leader): Promise<boolean> {
    const { topic, partition, scheduler, name } = this.#options;
    const producer = this.#identity && { ...this.#identity, baseSequence: batch.baseSequence };
    const bytes = batchOf(batch.values, producer === null ? {} : { producer });
    if (batch.kind === 'damaged')
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    const acks = batch.kind === 'for the leader alone' ? 1 : -1;
    const request = produceRequest(topic, bytes, { partition, acks });
    const answer = await answered(connection.send(produce, PRODUCE_VERSION, request));
    if (answer === null) return false;
    const { errorCode, baseOffset, errorMessage } = only(only(answer.responses).partitionResponses);
    const first = batch.values[0]?.split('/', 2).join('/') ?? '';
    scheduler.trace.note(
      `${name} ${String(leader.id)} ${first} ${errorName(errorCode)} ${String(baseOffset)} ${errorMessage ?? ''}`,
    );
    if (errorCode === ErrorCodes.NONE) {
      await this.#acknowledged(batch, Number(baseOffset));
      return true;
    }
    if (errorCode === ErrorCodes.DUPLICATE_SEQUENCE_NUMBER) {
      await this.#acknowledged(batch, null);
      return true;
    }
    if (this.#isRefused(batch, errorCode)) {
      this.#options.ledger.refuse(batch.values);
      return true;
    }
    this.#checkFailure(batch, errorCode);
    return false;
  }

  /** For good, and before anything was appended. */
  #isRefused({ kind, wasSentBefore }: Batch, errorCode: number): boolean {
    const { isIdempotent, scheduler } = this.#options;
    if (kind === 'damaged') return errorCode === ErrorCodes.CORRUPT_MESSAGE;
    const isUnwritten = errorCode === ErrorCodes.NOT_ENOUGH_REPLICAS && !wasSentBefore;
    return isUnwritten && !isIdempotent && scheduler.random.integer(2) === 0;
  }

  async #acknowledged(batch: Batch, baseOffset: number | null): Promise<void> {
    const { ledger, history, minInSync, topic, partition } = this.#options;
    assert(batch.kind !== 'damaged', `${ledger.name}: a damaged batch is acknowledged`);
    // It may be lost with its leader.
    if (batch.kind === 'for the leader alone') return;
    ledger.acknowledge(batch.values, baseOffset);
    const end = batch.baseSequence + batch.values.length;
    this.#acknowledgedSequence = Math.max(this.#acknowledgedSequence, end);
    if (history.mostInSyncSince(topic, partition, batch.firstMs) >= minInSync) return;
    if (baseOffset === null) return;
    // A leader that has not heard of a smaller set yet waits for all of the larger one.
    const count = await this.#options.copies(baseOffset + batch.values.length);
    assert(count >= minInSync, `${ledger.name}: acknowledged with ${String(count)} copies`);
  }

  /** Out of order are those that follow one that failed, and retries of what was forgotten. */
  #checkFailure({ baseSequence, wasSentBefore }: Batch, errorCode: number): void {
    if (isRetriable(errorCode)) return;
    const { ledger, name } = this.#options;
    const isNext = baseSequence === this.#acknowledgedSequence;
    assert(
      errorCode === ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER && (!isNext || wasSentBefore),
      `${ledger.name}: ${name} is told ${errorName(errorCode)} for sequence ${String(baseSequence)},` +
        ` acknowledged up to ${String(this.#acknowledgedSequence)}`,
    );
    this.#isInDoubt ||= baseSequence <= this.#acknowledgedSequence;
  }
}
