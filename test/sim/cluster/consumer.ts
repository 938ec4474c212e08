/**
 * A consumer of one partition that reads on from the start, always from the leader, with the epoch it
 * knows. It never sees a hole, nor anything go away; within one leader epoch the high watermark never
 * goes back.
 */

import assert from 'node:assert/strict';
import { ErrorCodes, errorName } from '../../../broker/model/error-codes.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { listOffsets } from '../../../broker/protocol/messages/list-offsets.ts';
import { FETCH_VERSION, fetchRequest, only, recordsOf } from '../../support/requests.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ClusterClient, Leader } from './client.ts';
import type { PartitionLedger } from './partition-ledger.ts';
import { isRetriable } from './retriable.ts';
import type { StateHistory } from './state-history.ts';

const LATEST = -1n;

export interface ConsumerOptions {
  readonly topic: string;
  readonly partition: number;
  readonly client: ClusterClient;
  readonly ledger: PartitionLedger;
  readonly history: StateHistory;
  readonly scheduler: Scheduler;
  readonly isOver: () => boolean;
}

export class Consumer {
  readonly #options: ConsumerOptions;
  #offset = 0;
  /** Of each leader epoch, the highest high watermark that was seen. */
  readonly #highWatermarks = new Map<number, number>();
  readonly #values: string[] = [];

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { client, scheduler, isOver, topic } = this.#options;
    for (let failures = 0; !isOver();) {
      const isFine = await (scheduler.random.integer(10) === 0 ? this.#askForEnd() : this.#poll());
      failures = isFine ? 0 : failures + 1;
      if (isFine) continue;
      await client.backOff(failures);
      client.forgetLeaders();
      await client.refresh(topic);
    }
  }

  /** Everything, from the start to the end, as soon as it can be had. */
  async readAllAtLast(): Promise<readonly string[]> {
    const { client, topic } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const values = await this.#readAll();
      if (values !== null) return values;
      await client.backOff(attempt);
      client.forgetLeaders();
      await client.refresh(topic);
    }
  }

  async #readAll(): Promise<readonly string[] | null> {
    this.#offset = 0;
    this.#values.length = 0;
    const end = await this.#end();
    if (end === null) return null;
    while (this.#offset < end) if (!(await this.#poll())) return null;
    return [...this.#values];
  }

  async #poll(): Promise<boolean> {
    const { client, topic, partition, scheduler, ledger } = this.#options;
    const leader = await client.leaderOf(topic, partition);
    if (leader === null || leader.id < 0) return false;
    const request = fetchRequest(topic, {
      partition,
      offset: this.#offset,
      maxWaitMs: 300,
      currentLeaderEpoch: leader.epoch,
      partitionMaxBytes: 200 + scheduler.random.integer(5000),
    });
    const answer = await client.ask(leader.id, fetch, FETCH_VERSION, request);
    if (answer === null) return false;
    const { errorCode, records, highWatermark } = only(only(answer.responses).partitions);
    if (errorCode !== ErrorCodes.NONE) {
      scheduler.trace.note(`consumer of ${ledger.name}: ${errorName(errorCode)}`);
      const where = `${ledger.name}: a consumer at ${String(this.#offset)}`;
      assert(isRetriable(errorCode), `${where} is told ${errorName(errorCode)}`);
      return false;
    }
    const hwm = Number(highWatermark);
    this.#checkHighWatermark(leader, hwm);
    for (const { offset, value } of await recordsOf(records)) {
      if (offset < this.#offset) continue;
      assert.equal(offset, this.#offset, `${ledger.name}: a hole in what a consumer reads`);
      assert(offset < hwm, `${ledger.name} offset ${String(offset)} is above the high watermark`);
      ledger.learn(offset, value);
      this.#values.push(value);
      this.#offset += 1;
    }
    return true;
  }

  #checkHighWatermark({ id, epoch }: Leader, highWatermark: number): void {
    const before = this.#highWatermarks.get(epoch) ?? 0;
    assert(
      highWatermark >= before,
      `${this.#options.ledger.name}: the high watermark of leader ${String(id)} in epoch ` +
        `${String(epoch)} went from ${String(before)} to ${String(highWatermark)}`,
    );
    this.#highWatermarks.set(epoch, highWatermark);
  }

  async #askForEnd(): Promise<boolean> {
    return (await this.#end()) !== null;
  }

  /** The end as a leader says that is none of the past; never before what was acknowledged by then. */
  async #end(): Promise<number | null> {
    const { client, topic, partition, ledger, history } = this.#options;
    const leader = await client.leaderOf(topic, partition);
    if (leader === null || leader.id < 0) return null;
    const epochThen = history.termOf(topic, partition).epoch;
    const endThen = ledger.acknowledgedEnd;
    const answer = await client.ask(leader.id, listOffsets, 7, {
      ...listOffsets.request.initial,
      topics: [
        {
          name: topic,
          partitions: [
            { partitionIndex: partition, currentLeaderEpoch: leader.epoch, timestamp: LATEST },
          ],
        },
      ],
    });
    if (answer === null) return null;
    const { errorCode, offset, leaderEpoch } = only(only(answer.topics).partitions);
    if (errorCode !== ErrorCodes.NONE) {
      assert(isRetriable(errorCode), `${ledger.name}: ListOffsets says ${errorName(errorCode)}`);
      return null;
    }
    assert(
      leader.epoch < epochThen || Number(offset) >= endThen,
      `${ledger.name} ends at ${String(offset)} in epoch ${String(leaderEpoch)}, ` +
        `and ${String(endThen)} was acknowledged before`,
    );
    return Number(offset);
  }
}
