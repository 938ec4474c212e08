/**
 * Two clients of the same partitions: one sends full fetches, one keeps a session and sends and gets
 * only what changed. After every step both must have seen the same of every partition.
 */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { fetch } from '../../../../broker/protocol/messages/fetch.ts';
import type { ResponseOf } from '../../../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../../../broker/protocol/wire/uuid.ts';
import { nextEpoch } from '../../../../broker/server/fetch-sessions/fetch-session.ts';
import type { FetchRequest } from '../fetch-sessions/requests-of-sessions.ts';
import { askFor, requestOf } from '../fetch-sessions/requests-of-sessions.ts';
import { FakeReplica, FetchFixture } from './fetch-fixture.ts';

type FetchResponse = ResponseOf<typeof fetch>;

const PARTITIONS = [0, 1, 2, 3];
const TOPIC_IDS = { orders: 'iQ0rzH2ATfCCrZkqSrfdUg', payments: 'yM9ZrOXmRMGkRAJ2CLx8Lg' };
const TOPICS = ['orders', 'payments'] as const;
type Topic = (typeof TOPICS)[number];

/** What a client knows of a partition, with the records of the last answer. */
interface View {
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly logStartOffset: bigint;
  readonly records: string;
}

type Wanted = ReadonlyMap<
  string,
  { readonly topic: Topic; readonly index: number; offset: number }
>;

function topicsOf(
  wanted: Iterable<{ topic: Topic; index: number; offset: number }>,
  version: number,
): FetchRequest['topics'] {
  const all = [...wanted];
  return TOPICS.flatMap((topic) => {
    const partitions = all
      .filter((it) => it.topic === topic)
      .map(({ index, offset }) => askFor(index, { fetchOffset: BigInt(offset) }));
    return partitions.length === 0 ? [] : [{ ...nameOf(topic, version), partitions }];
  });
}

function nameOf(topic: Topic, version: number): { topic: string; topicId: string } {
  return version >= 13 ? { topic: '', topicId: TOPIC_IDS[topic] } : { topic, topicId: ZERO_UUID };
}

function viewsOf(answer: FetchResponse, version: number): Map<string, View> {
  const views = new Map<string, View>();
  for (const { topic, topicId, partitions } of answer.responses) {
    const name = version >= 13 ? TOPICS.find((it) => TOPIC_IDS[it] === topicId) : topic;
    for (const it of partitions) {
      const { errorCode, highWatermark, lastStableOffset, logStartOffset } = it;
      const bytes = (it.records ?? []).map((part) =>
        Buffer.isBuffer(part) ? part.toString('hex') : '',
      );
      const records = bytes.join('');
      const key = `${name ?? ''}-${String(it.partitionIndex)}`;
      views.set(key, { errorCode, highWatermark, lastStableOffset, logStartOffset, records });
    }
  }
  return views;
}

/** Sends what changed since its last request, as the session has the rest. */
class IncrementalClient {
  readonly #known = new Map<string, View>();
  readonly #sent = new Map<string, { topic: Topic; index: number; offset: number }>();
  #sessionId = 0;
  #epoch = 0;
  readonly #fixture: FetchFixture;
  readonly #version: number;
  partitionsSent = 0;

  constructor(fixture: FetchFixture, version: number) {
    this.#fixture = fixture;
    this.#version = version;
  }

  get sessionId(): number {
    return this.#sessionId;
  }

  async fetch(wanted: Wanted): Promise<ReadonlyMap<string, View>> {
    const answer = await this.#fixture.send(this.#version, this.#request(wanted));
    if (answer.errorCode !== ErrorCodes.NONE) {
      this.#startAgain();
      return this.fetch(wanted);
    }
    if (answer.sessionId === 0) this.#startAgain();
    else {
      this.#epoch = nextEpoch(this.#epoch);
      this.#sessionId = answer.sessionId;
    }
    for (const [key, view] of this.#known) this.#known.set(key, { ...view, records: '' });
    for (const [key, view] of viewsOf(answer, this.#version)) this.#known.set(key, view);
    for (const key of this.#known.keys()) if (!wanted.has(key)) this.#known.delete(key);
    return this.#known;
  }

  #startAgain(): void {
    this.#epoch = 0;
    this.#sent.clear();
  }

  #request(wanted: Wanted): FetchRequest {
    const version = this.#version;
    const changed = [...wanted].filter(([key, it]) => this.#sent.get(key)?.offset !== it.offset);
    const gone = [...this.#sent].filter(([key]) => !wanted.has(key));
    for (const [key] of gone) this.#sent.delete(key);
    for (const [key, it] of changed) this.#sent.set(key, { ...it });
    this.partitionsSent += changed.length;
    return requestOf([], {
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      topics: topicsOf(
        changed.map(([, it]) => it),
        version,
      ),
      forgottenTopicsData: gone.map(([, { topic, index }]) => ({
        ...nameOf(topic, version),
        partitions: [index],
      })),
    });
  }
}

interface Step {
  readonly kind:
    'append' | 'fail' | 'trim' | 'stable' | 'want' | 'seek' | 'lead' | 'close' | 'nothing';
  readonly place: number;
  readonly count: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom(
      'append',
      'append',
      'append',
      'fail',
      'trim',
      'stable',
      'want',
      'seek',
      'lead',
      'close',
      'nothing',
    ),
    place: fc.nat({ max: TOPICS.length * PARTITIONS.length - 1 }),
    count: fc.nat({ max: 5 }),
  }),
  { maxLength: 60 },
);

class World {
  readonly fixture = new FetchFixture();
  readonly replicas: { topic: Topic; index: number; replica: FakeReplica; isHere: boolean }[] = [];
  readonly wanted = new Map<string, { topic: Topic; index: number; offset: number }>();

  constructor() {
    for (const topic of TOPICS) {
      for (const index of PARTITIONS) {
        const replica = this.fixture.add(topic, index, new FakeReplica(TOPIC_IDS[topic]));
        this.replicas.push({ topic, index, replica, isHere: true });
        this.wanted.set(`${topic}-${String(index)}`, { topic, index, offset: 0 });
        this.fixture.announce({
          partition: { topic, topicId: TOPIC_IDS[topic], partition: index },
        });
      }
    }
  }

  apply({ kind, place, count }: Step, sessionId: number): void {
    const it = this.replicas[place];
    if (it === undefined) return;
    const { topic, index, replica } = it;
    const key = `${topic}-${String(index)}`;
    if (kind === 'append') replica.append(count);
    else if (kind === 'fail') replica.errorCode = count < 3 ? 0 : ErrorCodes.KAFKA_STORAGE_ERROR;
    else if (kind === 'trim') replica.log.logStartOffset = Math.min(replica.highWatermark, count);
    else if (kind === 'stable')
      replica.lastStableOffset = Math.max(0, replica.highWatermark - count);
    else if (kind === 'seek') this.#seek(key, count);
    else if (kind === 'close')
      this.fixture.sessions.open(requestOf([], { sessionId, sessionEpoch: -1 }), false);
    else if (kind === 'lead') {
      it.isHere = !it.isHere;
      if (it.isHere) this.fixture.add(topic, index, replica);
      else this.fixture.remove(topic, index);
    } else if (kind === 'want' && !this.wanted.delete(key)) {
      this.wanted.set(key, { topic, index, offset: count });
    }
  }

  #seek(key: string, offset: number): void {
    const it = this.wanted.get(key);
    if (it !== undefined) it.offset = offset;
  }
}

async function bothSee(version: number, made: readonly Step[]): Promise<void> {
  const world = new World();
  const client = new IncrementalClient(world.fixture, version);
  for (const step of [{ kind: 'nothing', place: 0, count: 0 } as const, ...made]) {
    world.apply(step, client.sessionId);
    const topics = topicsOf(world.wanted.values(), version);
    const answer = await world.fixture.send(version, requestOf([], { sessionEpoch: -1, topics }));
    const full = viewsOf(answer, version);
    const seen = await client.fetch(world.wanted);
    expect(new Map([...seen].sort())).toEqual(new Map([...full].sort()));
    for (const [key, it] of world.wanted) it.offset += (full.get(key)?.records.length ?? 0) / 2;
  }
}

describe('a client that applies incremental answers', () => {
  it.each([7, 12, 13, 17])(
    'sees what one with full fetches sees, in version %d',
    async (version) => {
      const property = fc.asyncProperty(steps, (made) => bothSee(version, made));
      await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined();
    },
  );

  it('sends and gets nothing for partitions where nothing happens', async () => {
    const { fixture, wanted } = new World();
    const client = new IncrementalClient(fixture, 12);
    await client.fetch(wanted);
    await client.fetch(wanted);
    expect(client.partitionsSent).toBe(wanted.size);
    const request = requestOf([], { sessionId: client.sessionId, sessionEpoch: 2 });
    const { responses, sessionId } = await fixture.send(12, request);
    expect({ responses, sessionId }).toEqual({ responses: [], sessionId: client.sessionId });
  });
});
