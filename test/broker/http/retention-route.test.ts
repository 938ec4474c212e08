import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { retentionRoute } from '../../../broker/http/retention-route.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import type { HttpAnswer } from '../../../broker/platform/http-server.ts';
import { batchOf, LogFixture } from '../log/log-fixture.ts';

const HOUR = 3_600_000;

const page = z.object({
  now: z.string(),
  checkIntervalMs: z.number(),
  partitions: z.array(
    z.object({
      topic: z.string(),
      partition: z.number(),
      config: z.record(z.string(), z.unknown()).optional(),
      problem: z.string().optional(),
      segments: z
        .array(
          z.object({
            baseOffset: z.number(),
            sizeInBytes: z.number(),
            goesAt: z.string().nullable(),
            rule: z.string().nullable(),
            why: z.string(),
          }),
        )
        .optional(),
    }),
  ),
  next: z.string().nullable(),
});

let fixture: LogFixture;
let logs: PartitionLog[];

beforeEach(async () => {
  fixture = new LogFixture();
  logs = [];
  // Out of order: b-1 before b-0, numbers not as text.
  for (const [topic, partition] of [
    ['b', 10],
    ['b', 2],
    ['a', 0],
  ] as const) {
    const folder = `/data/${topic}-${String(partition)}`;
    await fixture.fileSystem.makeFolder(folder);
    const config = { segmentBytes: 200, retentionMs: HOUR };
    const log = await fixture.open(config, { topic, partition, folder });
    for (let count = 0; count < 3; count += 1) {
      const batch = batchOf({ size: 60, timestampMs: fixture.time.ms });
      await log.append(batch, { leaderEpoch: 0 }).written;
    }
    logs.push(log);
  }
});

afterEach(async () => {
  for (const log of logs) await log.close();
});

async function get(query: string): Promise<HttpAnswer> {
  const route = retentionRoute({
    logs: () => logs,
    highWatermarkOf: (log) => log.writtenEndOffset,
    nowMs: () => fixture.time.ms,
    checkIntervalMs: 300_000,
  });
  return route({ method: 'GET', path: '/retention', query: new URLSearchParams(query) });
}

async function ask(query: string): Promise<z.infer<typeof page>> {
  const { status, body } = await get(query);
  expect(status).toBe(200);
  return page.parse(JSON.parse(body));
}

function names({ partitions }: z.infer<typeof page>): readonly string[] {
  return partitions.flatMap(({ topic, partition, segments = [] }) =>
    segments.map(({ baseOffset }) => `${topic}-${String(partition)}:${String(baseOffset)}`),
  );
}

const ALL = ['a-0:0', 'a-0:1', 'a-0:2'].concat(
  ['b-2:0', 'b-2:1', 'b-2:2'],
  ['b-10:0', 'b-10:1', 'b-10:2'],
);

describe('/retention', () => {
  it('shows every segment of every partition, in order', async () => {
    const answer = await ask('');
    expect(names(answer)).toEqual(ALL);
    expect(answer).toMatchObject({ checkIntervalMs: 300_000, next: null });
    expect(answer.partitions[0]).toMatchObject({
      config: { 'cleanup.policy': 'delete', 'retention.ms': HOUR, 'retention.bytes': null },
    });
    const goesAt = new Date(fixture.time.ms + HOUR + 1).toISOString();
    expect(answer.partitions[0]?.segments?.[0]).toMatchObject({ rule: 'retention.ms', goesAt });
  });

  it('shows one topic, or one partition', async () => {
    expect(names(await ask('topic=a'))).toEqual(ALL.slice(0, 3));
    expect(names(await ask('topic=b&partition=10'))).toEqual(ALL.slice(6));
    expect((await get('topic=nowhere')).status).toBe(404);
    expect((await get('topic=b&partition=3')).status).toBe(404);
  });

  it.each([1, 2, 3, 4, 8, 9, 100])('comes in pages of %i that show everything once', async (n) => {
    const seen: string[] = [];
    let query: string | null = `limit=${String(n)}`;
    while (query !== null) {
      const answer = await ask(query);
      expect(names(answer).length).toBeLessThanOrEqual(n);
      seen.push(...names(answer));
      query = answer.next?.replace('/retention?', '') ?? null;
    }
    expect(seen).toEqual(ALL);
  });

  it('keeps the choice of a topic from page to page', async () => {
    const { next } = await ask('topic=b&limit=4');
    expect(next).toBe('/retention?topic=b&limit=4&after=b-10%3A1');
    expect(names(await ask(next?.split('?')[1] ?? ''))).toEqual(['b-10:1', 'b-10:2']);
  });

  it('goes on behind a partition that has gone since the last page', async () => {
    expect(names(await ask('limit=4&after=b-1%3A7'))).toEqual(ALL.slice(3, 7));
  });

  it.each([
    ['limit=0', 'limit must be'],
    ['limit=2001', 'limit must be'],
    ['limit=many', 'limit must be'],
    ['topic=a&partition=x', 'partition must be a number'],
    ['partition=1', 'partition needs a topic'],
    ['after=nonsense', 'after must be'],
  ])('says what is wrong with %s', async (query, error) => {
    const { status, body } = await get(query);
    expect([status, body]).toEqual([400, expect.stringContaining(error)]);
  });

  it('is there as text', async () => {
    const { contentType, body } = await get('topic=a&format=text');
    expect(contentType).toContain('text/plain');
    expect(body).toMatch(/^a-0: 3 segments, \d+ bytes, offsets 0 to 3, cleanup.policy=delete\n/);
    expect(body).toMatch(/ {2}0 sealed \d+ bytes, goes at 2023-.*Z: retention.ms, 3600000, after/);
    fixture.time.pass(HOUR + 1);
    expect((await get('topic=a&format=text')).body).toContain('goes with the next run');
  });

  it('shows the other partitions where one cannot be read', async () => {
    await logs[2]?.close();
    logs.pop();
    const folder = '/data/a-0';
    const damaged = await fixture.open({}, { topic: 'a', partition: 0, folder, isClean: true });
    logs.push(damaged);
    fixture.fileSystem.failNext('open', 'EIO', `${folder}/00000000000000000000.timeindex`);
    const answer = await ask('');
    expect(answer.partitions[0]?.problem).toContain('EIO');
    expect(names(answer)).toEqual(ALL.slice(3));
  });
});
