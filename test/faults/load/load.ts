/** All clients that write to one topic while a fault lasts, the ledger of what they were told, and the times. */

import type { Sent } from '../../support/ledger.ts';
import { Ledger } from '../../support/ledger.ts';
import { within } from '../support/within.ts';
import { startJavaLoad } from './java-load.ts';
import { startKafkaJsLoad } from './kafkajs-load.ts';
import { startLibrdkafkaLoad } from './librdkafka-load.ts';
import type { Acknowledgement, LoadSource, LoadTarget } from './load-source.ts';

/** Each client writes to partitions of each broker. */
export const partitionCount = 6;
export const partitions: readonly number[] = Array.from({ length: partitionCount }, (_, n) => n);

export class Load {
  readonly ledger = new Ledger(sentOf);
  /** `value: reason` of what a client has given up. */
  readonly failures: string[] = [];
  readonly #sources: LoadSource[] = [];
  /** When something was acknowledged, by partition. */
  readonly #times = new Map<number, number[]>();
  /** How much, by producer. */
  readonly #counts = new Map<string, number>();

  /** `librdkafkaProgram` as compileLibrdkafkaLoad() gives it. */
  static start(place: Omit<LoadTarget, 'partitionCount'>, librdkafkaProgram: string): Load {
    const load = new Load();
    const target = { ...place, partitionCount };
    load.#sources.push(
      startJavaLoad(target, load),
      startKafkaJsLoad({ isIdempotent: true, partitions: [0, 1, 2] }, target, load),
      startKafkaJsLoad({ isIdempotent: false, partitions: [3, 4, 5] }, target, load),
      startLibrdkafkaLoad(librdkafkaProgram, target, load),
    );
    return load;
  }

  acknowledged(acknowledgement: Acknowledgement): void {
    const { partition, value } = acknowledgement;
    this.ledger.acknowledge([acknowledgement]);
    const times = this.#times.get(partition) ?? [];
    times.push(Date.now());
    this.#times.set(partition, times);
    const producer = value.slice(0, value.indexOf(':'));
    this.#counts.set(producer, (this.#counts.get(producer) ?? 0) + 1);
  }

  failed(value: string, reason: string): void {
    this.failures.push(`${value}: ${reason}`);
  }

  /** Resolves when every producer has had `count` more acknowledgements, and each of the partitions, too. */
  async flows(count = 15, which = partitions): Promise<void> {
    const producers = which.length === partitionCount ? [...producerNames] : [];
    const before = new Map(this.#counts);
    const goals = which.map(
      (partition) => [partition, this.#timesOf(partition).length + count] as const,
    );
    const stuck = (): readonly string[] => [
      ...goals.filter(([partition, goal]) => this.#timesOf(partition).length < goal).map(String),
      ...producers.filter(
        (name) => (this.#counts.get(name) ?? 0) < (before.get(name) ?? 0) + count,
      ),
    ];
    try {
      await within(60_000, 'everything is written to', () => stuck().length === 0);
    } catch (error) {
      const failures = this.failures.slice(0, 10).join('\n');
      throw new Error(`nothing more by or in ${stuck().join('; ')}\n${failures}`, { cause: error });
    }
  }

  /** The longest time since then in which nothing was acknowledged in a partition; the worst of those given. */
  longestPauseMs(since: number, which = partitions): number {
    return Math.max(...which.map((partition) => longestGap(this.#timesOf(partition), since)));
  }

  /** Resolves when everything that was sent is acknowledged or has failed. */
  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
  }

  kill(): void {
    for (const source of this.#sources) source.kill();
  }

  #timesOf(partition: number): readonly number[] {
    return this.#times.get(partition) ?? [];
  }
}

/** Of the values that the sources make. */
function sentOf(value: string): Sent | null {
  const [producer = '', , number = ''] = value.split(':');
  return { producer, number: Number(number) };
}

const producerNames = [
  'java-idempotent',
  'java-plain',
  'kafkajs-idempotent',
  'kafkajs-plain',
  'librdkafka-idempotent',
  'librdkafka-plain',
] as const;

function longestGap(times: readonly number[], since: number): number {
  let last = since;
  let longest = 0;
  for (const time of times) {
    if (time < since) continue;
    longest = Math.max(longest, time - last);
    last = time;
  }
  return Math.max(longest, last === since ? Date.now() - since : 0);
}
