/** What is written before a takeover and after it, and what is then to be read. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigResourceTypes, ConfigSource } from 'kafkajs';
import { deleteRecords } from '../../../broker/protocol/messages/delete-records.ts';
import { only } from '../../support/requests.ts';
import { kafkaJs } from '../support/kafkajs-client.ts';
import { until } from '../support/until.ts';
import { withConnection } from './connection.ts';
import type { Place, Program } from './place.ts';
import { appendSequence } from './sequences.ts';
import type { Told } from './takeover-client.ts';
import { tell } from './takeover-client.ts';
import type { Topic } from './topics.ts';
import { compactedTopic, goingOn, shortenedTo, shortenedTopic, topicsOf } from './topics.ts';

const groupId = 'takeover-group';
const groupTopic = 'mixed';
const groupStep = 60;

/** Everything that is to be there after a takeover. */
export interface Expected {
  readonly topics: readonly Topic[];
  readonly content: Told['partitions'];
  /** By topic. */
  readonly configs: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** How far the group has come, by partition. */
  readonly grouped: ReadonlyMap<string, number>;
}

/** The topics with a first round of records, read back from who made them. */
export async function makeDataSet(place: Place, program: Program): Promise<Expected> {
  const topics = topicsOf(program);
  await createTopics(place.address, topics);
  await tell(place.address, writes(topics, 'first'));
  await appendSequence(place.address, 0);
  await shorten(place.address);
  return observe(place, { topics, grouped: new Map() });
}

/** Writes one more round into the topics, and observes what is there then. */
export async function writeRound(
  place: Place,
  known: Pick<Expected, 'topics' | 'grouped'>,
  { by, round }: { readonly by: Program; readonly round: string },
): Promise<Expected> {
  return observe(place, known, writes(goingOn(known.topics, by), round));
}

/**
 * What can be read now. The group has then gone one step further: from where it was, or it fails. The
 * commands are carried out before.
 */
export async function observe(
  place: Place,
  { topics, grouped }: Pick<Expected, 'topics' | 'grouped'>,
  commands: readonly string[] = [],
): Promise<Expected> {
  const group = `group ${groupTopic} ${groupId} ${String(groupStep)}`;
  const reads = topics.map(({ name }) => `read ${name}`);
  const told = await tell(place.address, [...commands, group, ...reads]);
  const next = new Map(grouped);
  for (const line of told.grouped) {
    const [partition = '', offset = ''] = line.split(' ');
    const expected = next.get(partition) ?? 0;
    assert.equal(Number(offset), expected, `the group goes on in ${partition}`);
    next.set(partition, expected + 1);
  }
  const configs = await configsOf(place, topics);
  return { topics, content: told.partitions, configs, grouped: next };
}

function writes(topics: readonly Topic[], round: string): readonly string[] {
  return topics
    .filter(({ kind }) => kind !== null)
    .map(({ name, kind, count }) => `write ${name} ${String(kind)} ${String(count)} ${round}`);
}

/** Until the cleaner has been through all that is not in an active segment. */
export async function untilCompacted(place: Place): Promise<void> {
  await until(`${compactedTopic} is compacted`, async () => {
    const texts = await Promise.all(place.logDirs.map(cleanerCheckpoint));
    const offsets = texts.flatMap((text) => [
      ...text.matchAll(new RegExp(`^${compactedTopic} \\d+ (\\d+)$`, 'gm')),
    ]);
    return offsets.length === 2 && offsets.every(([, offset]) => Number(offset) > 100);
  });
}

async function cleanerCheckpoint(logDir: string): Promise<string> {
  try {
    return await readFile(join(logDir, 'cleaner-offset-checkpoint'), 'utf8');
  } catch {
    return '';
  }
}

async function createTopics(bootstrap: string, topics: readonly Topic[]): Promise<void> {
  const admin = kafkaJs(bootstrap).admin();
  await admin.connect();
  // Apache Kafka answers for a moment before it knows who is the controller.
  const knowsController = async (): Promise<boolean> =>
    (await admin.describeCluster()).controller !== null;
  await until('a controller is known', knowsController);
  await admin.createTopics({
    waitForLeaders: true,
    topics: topics.map(({ name, partitionCount, configs }) => ({
      topic: name,
      numPartitions: partitionCount,
      replicationFactor: 1,
      configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
  });
  await admin.disconnect();
}

async function shorten(bootstrap: string): Promise<void> {
  const partitions = [{ partitionIndex: 0, offset: BigInt(shortenedTo) }];
  const request = { topics: [{ name: shortenedTopic, partitions }], timeoutMs: 10_000 };
  const answer = await withConnection(bootstrap, (connection) =>
    connection.send(deleteRecords, 2, request),
  );
  assert.equal(only(only(answer.topics).partitions).errorCode, 0);
}

/** The topics' own, as the broker tells them. */
async function configsOf(
  { address }: Place,
  topics: readonly Topic[],
): Promise<Expected['configs']> {
  const admin = kafkaJs(address).admin();
  await admin.connect();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  await admin.disconnect();
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries
          .filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
          .map(({ configName, configValue }) => [configName, configValue]),
      ),
    ]),
  );
}
