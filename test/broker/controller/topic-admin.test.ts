import { expect, it } from '@jest/globals';
import { TopicAdmin } from '../../../broker/controller/topic-admin.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { persistentPaths, topicPath } from '../../../broker/zookeeper/paths.ts';
import { ensurePaths } from '../../../broker/zookeeper/persistent.ts';
import { encodeTopicAssignment } from '../../../broker/zookeeper/znodes/topic-assignment.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

it('does not write an assignment that ZooKeeper would not take', async () => {
  const fileSystem = new MemoryFileSystem({ nowMs: () => 0, monotonicMs: () => 0 });
  const logger = new CollectingLogger();
  const store = await openEmbeddedStore({ fileSystem, path: '/store', logger });
  const session = await store.openSession();
  await ensurePaths(session, persistentPaths);
  const replicas = Array.from({ length: 20 }, (_, index) => 100_000_000 + index);
  const data = encodeTopicAssignment({
    topicId: null,
    partitions: new Map(Array.from({ length: 5000 }, (_, index) => [index, replicas])),
    addingReplicas: new Map(),
    removingReplicas: new Map(),
  });
  await session.create(topicPath('wide'), data);
  const admin = new TopicAdmin({
    session: () => session,
    configs: { checkNewTopic: () => undefined, writeNewTopic: () => Promise.resolve() },
    liveBrokers: () => replicas.map((id) => ({ id, rack: null })),
    topicNames: () => ['wide'],
    random: systemRandom,
  });
  await expect(
    admin.addPartitions({ name: 'wide', count: 5001, assignment: null }),
  ).rejects.toMatchObject({
    code: ErrorCodes.INVALID_PARTITIONS,
    message: expect.stringMatching(/5001 partitions takes \d+ bytes: at most 1000000 are allowed/),
  });
  expect((await session.get(topicPath('wide')))?.data).toEqual(data);
  await store.close();
});

it('does not add partitions to a topic whose replicas are on the move', async () => {
  const fileSystem = new MemoryFileSystem({ nowMs: () => 0, monotonicMs: () => 0 });
  const logger = new CollectingLogger();
  const store = await openEmbeddedStore({ fileSystem, path: '/store', logger });
  const session = await store.openSession();
  await ensurePaths(session, persistentPaths);
  const data = encodeTopicAssignment({
    topicId: null,
    partitions: new Map([[0, [2, 1]]]),
    addingReplicas: new Map([[0, [2]]]),
    removingReplicas: new Map([[0, [1]]]),
  });
  await session.create(topicPath('orders'), data);
  const admin = new TopicAdmin({
    session: () => session,
    configs: { checkNewTopic: () => undefined, writeNewTopic: () => Promise.resolve() },
    liveBrokers: () => [1, 2].map((id) => ({ id, rack: null })),
    topicNames: () => ['orders'],
    random: systemRandom,
  });
  await expect(
    admin.addPartitions({ name: 'orders', count: 2, assignment: null }),
  ).rejects.toMatchObject({ code: ErrorCodes.REASSIGNMENT_IN_PROGRESS });
  expect((await session.get(topicPath('orders')))?.data).toEqual(data);
  await store.close();
});
