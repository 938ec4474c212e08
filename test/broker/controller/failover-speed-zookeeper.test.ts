/** As failover-speed.test.ts, with a real ZooKeeper: printed, not judged. */

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '../../../broker/controller/controller.ts';
import type { UpdateMetadataRequest } from '../../../broker/controller/controller-requests.ts';
import { protocolPins } from '../../../broker/controller/protocol-pins.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { brokerPath, persistentPaths, topicPath } from '../../../broker/zookeeper/paths.ts';
import { ensurePaths } from '../../../broker/zookeeper/persistent.ts';
import type { OpenSession, ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { encodeBrokerRegistration } from '../../../broker/zookeeper/znodes/broker-registration.ts';
import { openZooKeeper } from '../../../broker/zookeeper/zookeeper-session.ts';
import type { ZooKeeperServer } from '../../support/zookeeper-server.ts';
import { startZooKeeper } from '../../support/zookeeper-server.ts';
import { FakeBroker, json } from './cluster-fixture.ts';

const TOPICS = 200;
const PARTITIONS = 10;

let server: ZooKeeperServer;
let openSession: OpenSession;

beforeAll(async () => {
  server = await startZooKeeper();
  openSession = openZooKeeper({
    connect: server.connect,
    sessionTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    logger: silentLogger,
    timers: systemTimers,
  });
}, 70_000);

afterAll(async () => {
  await server.stop();
});

/** Resolves as soon as a broker has been told of so many partitions, all led by `leader`. */
class CountingBroker extends FakeBroker {
  #wanted: (request: UpdateMetadataRequest) => void = () => undefined;

  told(leader: number): Promise<void> {
    const seen = new Set<string>();
    return new Promise((resolve) => {
      this.#wanted = ({ topicStates }) => {
        for (const { topicName, partitionStates } of topicStates) {
          for (const it of partitionStates) {
            const key = `${topicName}-${String(it.partitionIndex)}`;
            if (it.leader === leader) seen.add(key);
          }
        }
        if (seen.size === TOPICS * PARTITIONS) resolve();
      };
    });
  }

  override updateMetadata(
    request: UpdateMetadataRequest,
  ): ReturnType<FakeBroker['updateMetadata']> {
    this.#wanted(request);
    return super.updateMetadata(request);
  }
}

async function timed(what: string, step: () => Promise<unknown>): Promise<void> {
  const begin = systemClock.monotonicMs();
  await step();
  const elapsed = Math.round(systemClock.monotonicMs() - begin);
  process.stdout.write(`${what}, real ZooKeeper: ${String(elapsed)} ms\n`);
}

interface Term {
  readonly session: ZooKeeperSession;
  readonly controller: Controller;
}

async function end(term: Term | undefined): Promise<void> {
  term?.controller.stop();
  await term?.session.close();
}

it('takes over 2,000 partitions', async () => {
  const admin = await openSession();
  await ensurePaths(admin, persistentPaths);
  const data = encodeBrokerRegistration({
    version: 5,
    endpoints: [],
    rack: null,
    jmxPort: -1,
    timestampMs: 0,
  });
  const second = await openSession();
  await admin.create(brokerPath(1), data, { ephemeral: true });
  await second.create(brokerPath(2), data, { ephemeral: true });
  const partitions: Record<string, number[]> = {};
  for (let index = 0; index < PARTITIONS; index += 1) partitions[String(index)] = [2, 1];
  const names = Array.from({ length: TOPICS }, (_, index) => `topic-${String(index)}`);
  await Promise.all(
    names.map((it) => admin.create(topicPath(it), json({ version: 1, partitions }))),
  );
  const local = new CountingBroker(1);
  const failures: unknown[] = [];
  const terms: Term[] = [];
  const begin = async (epoch: number): Promise<void> => {
    const session = await openSession();
    const controller = new Controller({
      session,
      brokerId: 1,
      epoch,
      random: systemRandom,
      logger: silentLogger,
      topicConfigs: {
        refreshTopic: () => Promise.resolve(),
        topicConfig: () => ({ minInsyncReplicas: 1, uncleanLeaderElection: false }),
      },
      topicIds: true,
      recoveryState: true,
      rebalancing: null,
      deletionEnabled: () => true,
      onFailure: (error) => failures.push(error),
      channels: {
        localBrokerId: 1,
        localBroker: local,
        versions: protocolPins('3.9').controllerVersions,
        listenerName: 'PLAINTEXT',
        connect: () => Promise.reject(new Error('there is no network')),
        timers: systemTimers,
        logger: silentLogger,
      },
    });
    terms.push({ session, controller });
    controller.start();
  };
  const first = local.told(2);
  await timed('creation', () => Promise.all([begin(1), first]));
  await end(terms[0]);
  const next = local.told(2);
  await timed('failover', () => Promise.all([begin(2), next]));
  const stopping = { brokerId: 2, brokerEpoch: -1 };
  await timed('controlled shutdown of the leader of 2,000', async () => {
    await terms[1]?.controller.controlledShutdown(stopping);
  });
  await end(terms[1]);
  expect(failures).toEqual([]);
  for (const session of [second, admin]) await session.close();
}, 60_000);
