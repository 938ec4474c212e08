/**
 * One broker in a simulated world: a client produces and fetches, the network is cut, the broker is
 * stopped or crashes and comes back. Held after every step and at the end:
 *
 * - every acknowledged record is read back at the offset it was acknowledged with, unless bytes that
 *   were not synced were lost, which one broker alone cannot make good;
 * - no offset ever shows two values, unless such bytes were lost in between;
 * - what is read has no gap and nothing that was never sent.
 */

import assert from 'node:assert/strict';
import { Broker } from '../../broker/broker.ts';
import { BrokerConnection, ConnectionError } from '../../broker/client/broker-connection.ts';
import { buildBrokerConfig } from '../../broker/config/broker-config.ts';
import { createTopics } from '../../broker/protocol/messages/create-topics.ts';
import { metadata } from '../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import {
  batchOf,
  fetchFrom,
  newTopic,
  offsetAt,
  produceTo,
  recordsOf,
} from '../support/requests.ts';
import { Simulation } from '../support/sim/simulation.ts';

const TOPIC = 'orders';
const PORT = 9092;
const STEPS = 25;

const properties = new Map([
  ['broker.id', '0'],
  ['zookeeper.connect', 'local:'],
  ['listeners', `PLAINTEXT://simulated:${String(PORT)}`],
  ['log.dirs', '/data'],
  // Small segments, so that rolls and recovery of several are among what happens.
  ['log.segment.bytes', '2000'],
  ['log.index.interval.bytes', '200'],
  ['log.flush.scheduler.interval.ms', '1000'],
  ['odradek.http.port', ''],
]);

export interface Outcome {
  readonly trace: readonly string[];
  readonly acknowledgedCount: number;
}

/** Rejects with an AssertionError, or with what failed; the trace says how it came to that. */
export async function simulateOneBroker(seed: number): Promise<Outcome> {
  const world = new World(seed);
  try {
    return await world.live();
  } catch (cause) {
    const last = world.simulation.trace.slice(-40).join('\n');
    throw new Error(`seed ${String(seed)} fails; the end of its trace:\n${last}`, { cause });
  }
}

class World {
  readonly simulation: Simulation;
  /** Values by offset: acknowledged, or seen by a fetch. */
  readonly #known = new Map<number, string>();
  readonly #acknowledged = new Map<number, string>();
  readonly #sent = new Set<string>();
  #broker: Broker | null = null;
  #connection: BrokerConnection | null = null;
  #valueCount = 0;
  #acknowledgedCount = 0;

  constructor(seed: number) {
    this.simulation = new Simulation(seed);
  }

  async live(): Promise<Outcome> {
    const { simulation } = this;
    await this.#start();
    await simulation.run(this.#makeTopic());
    for (let step = 0; step < STEPS; step += 1) await this.#step();
    await this.#readAll();
    await simulation.run(this.#end());
    assert.equal(simulation.files.openCount, 0, 'a descriptor was left open');
    await simulation.noteWorld();
    return { trace: simulation.trace, acknowledgedCount: this.#acknowledgedCount };
  }

  async #step(): Promise<void> {
    const { simulation } = this;
    const dice = simulation.random.integer(100);
    if (dice < 55) await simulation.run(this.#produce());
    else if (dice < 70) await this.#readAll();
    else if (dice < 78) await simulation.run(simulation.pause(simulation.random.integer(3000)));
    else if (dice < 84) await this.#cut();
    else if (dice < 90) await this.#restart();
    else await this.#crash();
  }

  async #start(): Promise<void> {
    const { simulation } = this;
    this.#broker = new Broker({
      config: buildBrokerConfig(properties),
      properties,
      createTopics: [],
      platform: simulation.startProcess(),
      processMetrics: false,
      onFatal: (error) => simulation.defect(error),
    });
    await simulation.run(this.#broker.start());
  }

  async #end(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
    await this.#broker?.stop();
    this.#broker = null;
  }

  async #restart(): Promise<void> {
    this.simulation.note('restart');
    await this.simulation.run(this.#end());
    await this.#start();
  }

  /** In the middle of a few produces, or of nothing. */
  async #crash(): Promise<void> {
    const { simulation } = this;
    const losesBytes = simulation.random.integer(3) === 0;
    const pending = simulation.random.integer(2) === 0 ? this.#produce() : Promise.resolve();
    await simulation.run(simulation.pause(simulation.random.integer(8)));
    this.#broker = null;
    this.#connection = null;
    await simulation.crash(losesBytes ? simulation.random : true);
    await simulation.run(pending);
    if (losesBytes) {
      this.#known.clear();
      this.#acknowledged.clear();
    }
    await this.#start();
    await simulation.run(this.#makeTopic());
    await this.#readAll();
  }

  async #cut(): Promise<void> {
    const { simulation } = this;
    const pending = this.#produce();
    await simulation.run(simulation.pause(simulation.random.integer(8)));
    simulation.note('cut');
    simulation.network.cut();
    await simulation.run(pending);
    // Where nothing was under way the client hears of the cut only later: it does not go on with it.
    this.#connection?.close();
    this.#connection = null;
  }

  /** Several at once on one connection; those without an answer may be written or not. */
  async #produce(): Promise<void> {
    const count = 1 + this.simulation.random.integer(5);
    await Promise.all(Array.from({ length: count }, () => this.#produceOne()));
  }

  async #produceOne(): Promise<void> {
    const { simulation } = this;
    const values = Array.from({ length: 1 + simulation.random.integer(4) }, () => this.#newValue());
    for (const value of values) this.#sent.add(value);
    try {
      const connection = await this.#connected();
      const answer = await produceTo(connection, TOPIC, batchOf(values));
      simulation.note(`produced ${String(answer.errorCode)} at ${String(answer.baseOffset)}`);
      assert.equal(answer.errorCode, 0);
      values.forEach((value, index) => {
        const offset = Number(answer.baseOffset) + index;
        this.#acknowledged.set(offset, value);
        this.#acknowledgedCount += 1;
        this.#learn(offset, value);
      });
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      simulation.note('produce without an answer');
    }
  }

  #newValue(): string {
    this.#valueCount += 1;
    const filling = 'x'.repeat(this.simulation.random.integer(300));
    return `value ${String(this.#valueCount)} ${filling}`;
  }

  async #readAll(): Promise<void> {
    const { simulation } = this;
    const seen = new Map<number, string>();
    const read = async (): Promise<void> => {
      const connection = await this.#connected();
      const end = Number((await offsetAt(connection, TOPIC, -1n)).offset);
      for (let offset = 0; offset < end;) {
        const maxBytes = 1 + simulation.random.integer(4000);
        const answer = await fetchFrom(connection, TOPIC, { offset, partitionMaxBytes: maxBytes });
        assert.equal(answer.errorCode, 0);
        const records = await recordsOf(answer.records);
        for (const record of records) {
          if (record.offset < offset) continue;
          assert.equal(record.offset, offset, 'an offset is missing');
          seen.set(record.offset, record.value);
          offset += 1;
        }
      }
    };
    await simulation.run(read());
    simulation.note(`read ${String(seen.size)} records`);
    for (const [offset, value] of seen) this.#learn(offset, value);
    for (const [offset, value] of this.#acknowledged) {
      assert.equal(seen.get(offset), value, `offset ${String(offset)} was acknowledged`);
    }
  }

  #learn(offset: number, value: string): void {
    const before = this.#known.get(offset);
    assert(before === undefined || before === value, `offset ${String(offset)} has two values`);
    assert(this.#sent.has(value), `offset ${String(offset)} has a value that nobody sent`);
    this.#known.set(offset, value);
  }

  async #connected(): Promise<BrokerConnection> {
    const { simulation } = this;
    if (this.#connection !== null && !this.#connection.ended) return this.#connection;
    this.#connection = await BrokerConnection.open({
      host: 'simulated',
      port: PORT,
      clientId: 'simulation',
      sockets: simulation.network,
      timers: simulation.timers({}),
      connectTimeoutMs: 1000,
      requestTimeoutMs: 10_000,
    });
    return this.#connection;
  }

  /** Again after a crash, which may have taken the topic's znode with it. */
  async #makeTopic(): Promise<void> {
    const connection = await this.#connected();
    const answer = await connection.send(createTopics, 7, {
      topics: [newTopic(TOPIC)],
      timeoutMs: 5000,
      validateOnly: false,
    });
    this.simulation.note(`topic: ${String(answer.topics[0]?.errorCode)}`);
    await this.#waitForLeader(connection);
  }

  async #waitForLeader(connection: BrokerConnection): Promise<void> {
    for (;;) {
      const answer = await connection.send(metadata, 12, {
        ...metadata.request.initial,
        topics: [{ name: TOPIC, topicId: ZERO_UUID }],
      });
      if (answer.topics[0]?.partitions[0]?.errorCode === 0) return;
      await this.simulation.pause(50);
    }
  }
}
