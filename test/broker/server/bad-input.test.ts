/** What comes from sockets that do not speak the protocol ends their connection, and touches no other. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import type { LogLine } from '../../support/collecting-logger.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { framed } from '../../support/raw-client.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const requestSizeMax = 100_000;

describe('a broker whose clients send nonsense', () => {
  const start = testBrokers();
  const startSmall = async (): Promise<TestBroker> =>
    start({ properties: { 'socket.request.max.bytes': String(requestSizeMax) } });

  it.each([
    ['a negative size', int32(-1)],
    ['the smallest size there is', int32(-2_147_483_648)],
    ['a size beyond socket.request.max.bytes', int32(requestSizeMax + 1)],
    ['the largest size there is', int32(2_147_483_647)],
    ['the first bytes of a TLS client', Buffer.from('16030100c8010000c40303', 'hex')],
    ['a request of another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: kafka\r\n\r\n')],
    ['an empty frame', framed()],
    ['a frame with half a header', framed(Buffer.from([0, 18, 0]))],
    ['an unknown API', request({ key: 999, version: 0 })],
    ['a negative API', request({ key: -1, version: 0 })],
    ['a version that the broker does not have', request({ key: 3, version: 99 })],
    [
      'a client id that is longer than the frame',
      framed(Buffer.from('00030001000000017fff', 'hex')),
    ],
    [
      'an array of more elements than bytes',
      request({ key: 3, version: 1, body: int32(1_000_000) }),
    ],
    ['a request that ends too early', request({ key: 1, version: 4, body: int32(0) })],
  ])('closes the connection with one line for %s', async (_, bytes) => {
    const broker = await startSmall();
    const client = await broker.raw();
    client.send(bytes);
    await client.closed;
    expect(client.receivedSize).toBe(0);
    expect(refusals(broker)).toHaveLength(1);
    expect(broker.log.alarms).toEqual(refusals(broker));
    expect(broker.fatal).toEqual([]);
  });

  it('says nothing of a client that goes away in the middle of a frame', async () => {
    const broker = await startSmall();
    const client = await broker.raw();
    client.send(int32(1000), Buffer.alloc(10));
    client.socket.end();
    await client.closed;
    expect(broker.log.alarms).toEqual([]);
  });

  it('serves another client as ever while random frames arrive', async () => {
    const broker = await startSmall();
    const good = await GoodClient.connect(broker);
    const frames = fc.sample(anyFrame, { numRuns: 300, seed: 20_26 });
    for (const frame of frames) {
      const client = await broker.raw();
      await sendAndBeRefused(client, frame);
      await good.sendOne();
    }
    expect(await good.stop()).toEqual({ sent: frames.length, failures: 0 });
    const kinds = new Set(broker.log.alarms.map(({ level, message }) => `${level}: ${message}`));
    expect([...kinds]).toEqual(['warn: connection refused']);
    expect(refusals(broker)).toHaveLength(frames.length);
    expect(broker.fatal).toEqual([]);
  }, 60_000);
});

/** Headers of every API and version, and some that are not, before bytes of all kinds. */
const anyFrame = fc
  .record({
    key: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: -32_768, max: 32_767 })),
    version: fc.oneof(fc.integer({ min: 0, max: 13 }), fc.integer({ min: -32_768, max: 32_767 })),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ key, version, body }) => request({ key, version, body: Buffer.from(body) }));

/** A frame that by chance is a request gets its answer; what follows is refused in any case. */
async function sendAndBeRefused(client: RawClient, frame: Buffer): Promise<void> {
  client.send(frame, int32(-1));
  await client.closed;
}

function refusals({ log }: TestBroker): readonly LogLine[] {
  return log.withMessage('connection refused');
}

/** With client id "bad" and correlation id 1, in the header of the versions that are not flexible. */
function request(parts: {
  readonly key: number;
  readonly version: number;
  readonly body?: Buffer;
}): Buffer {
  const header = Buffer.alloc(13);
  header.writeInt16BE(parts.key, 0);
  header.writeInt16BE(parts.version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(3, 8);
  header.write('bad', 10);
  return framed(header, parts.body ?? Buffer.alloc(0));
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A kafkajs producer that never tries twice: each failure counts. */
class GoodClient {
  readonly #producer;
  #sent = 0;
  #failures = 0;

  private constructor(kafka: Kafka) {
    this.#producer = kafka.producer();
  }

  static async connect(broker: TestBroker): Promise<GoodClient> {
    const brokers = [`127.0.0.1:${String(broker.port)}`];
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'good', numPartitions: 1 }] });
    await admin.disconnect();
    const client = new GoodClient(kafka);
    await client.#producer.connect();
    return client;
  }

  async sendOne(): Promise<void> {
    try {
      const value = String(this.#sent);
      const [{ baseOffset } = { baseOffset: '' }] = await this.#producer.send({
        topic: 'good',
        messages: [{ value }],
      });
      // As many records as were sent, none lost between.
      if (baseOffset === value) this.#sent += 1;
      else this.#failures += 1;
    } catch {
      this.#failures += 1;
    }
  }

  async stop(): Promise<{ readonly sent: number; readonly failures: number }> {
    await this.#producer.disconnect();
    return { sent: this.#sent, failures: this.#failures };
  }
}
