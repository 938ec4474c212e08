/** A group coordinator on twins of the log, time and randomness, and clients that speak to it. */

import { GroupCoordinator } from '../../../broker/coordinator/runtime/group-coordinator.ts';
import type { GroupSettings } from '../../../broker/coordinator/group/settings.ts';
import type {
  JoinGroupRequest,
  JoinGroupResponse,
  OffsetCommitRequest,
  SyncGroupRequest,
} from '../../../broker/coordinator/runtime/messages.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { Random } from '../../../broker/platform/random.ts';
import { ManualTime, settled } from '../../support/manual-time.ts';
import { OffsetsLogTwin } from './offsets-log-twin.ts';

export const GROUP = 'orders';

export const settings: GroupSettings = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  groupSizeMax: 0x7fffffff,
  offsetMetadataSizeMax: 4096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
};

export function context(apiVersion = 5): {
  apiVersion: number;
  clientId: string;
  clientAddress: string;
} {
  return { apiVersion, clientId: 'client', clientAddress: '127.0.0.1' };
}

export function countingRandom(): Random {
  let count = 0;
  return {
    integer: () => 0,
    uuid: () => {
      count += 1;
      const uuid = Buffer.alloc(16);
      uuid.writeUInt32BE(count, 12);
      return uuid;
    },
    bytes: (size) => Buffer.alloc(size),
  };
}

export class Fixture {
  readonly time: ManualTime;
  readonly log: OffsetsLogTwin;
  readonly coordinator: GroupCoordinator;

  constructor(
    overrides: Partial<GroupSettings> = {},
    parts: { log?: OffsetsLogTwin; time?: ManualTime } = {},
  ) {
    this.log = parts.log ?? new OffsetsLogTwin();
    this.time = parts.time ?? new ManualTime();
    this.coordinator = new GroupCoordinator({
      log: this.log,
      clock: this.time,
      timers: this.time,
      random: countingRandom(),
      logger: silentLogger,
      settings: { ...settings, ...overrides },
      partitionCount: () => 1,
      offsetsCommitTimeoutMs: 5_000,
      offsetsRetentionCheckIntervalMs: 600_000,
    });
  }

  static async started(overrides: Partial<GroupSettings> = {}): Promise<Fixture> {
    const fixture = new Fixture(overrides);
    await fixture.coordinator.becomeLeader(0, 0);
    fixture.coordinator.start();
    return fixture;
  }

  /** The next leader of the same log, at the same time. */
  async successor(overrides: Partial<GroupSettings> = {}): Promise<Fixture> {
    const next = new Fixture(overrides, { log: this.log, time: this.time });
    await next.coordinator.becomeLeader(0, 1);
    return next;
  }

  join(request: Partial<JoinGroupRequest> = {}, apiVersion = 3): Promise<JoinGroupResponse> {
    return this.coordinator.joinGroup(context(apiVersion), {
      groupId: GROUP,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(['t']) }],
      reason: null,
      ...request,
    });
  }

  sync(
    request: Partial<SyncGroupRequest>,
    apiVersion = 3,
  ): ReturnType<GroupCoordinator['syncGroup']> {
    return this.coordinator.syncGroup(context(apiVersion), {
      groupId: GROUP,
      generationId: 1,
      memberId: '',
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [],
      ...request,
    });
  }

  async heartbeat(
    memberId: string,
    generationId: number,
    groupInstanceId: string | null = null,
  ): Promise<number> {
    const request = { groupId: GROUP, memberId, generationId, groupInstanceId };
    return (await this.coordinator.heartbeat(context(), request)).errorCode;
  }

  async leave(...memberIds: readonly string[]): Promise<readonly number[]> {
    const answer = await this.coordinator.leaveGroup(context(4), {
      groupId: GROUP,
      memberId: '',
      members: memberIds.map((memberId) => ({ memberId, groupInstanceId: null, reason: null })),
    });
    return answer.members.map(({ errorCode }) => errorCode);
  }

  async commit(request: CommitOptions = {}): Promise<number> {
    const {
      topic = 't',
      partition = 0,
      offset = 1,
      metadata = '',
      groupId = GROUP,
      ...rest
    } = request;
    const answer = await this.coordinator.offsetCommit(context(), {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1n,
      topics: [
        {
          name: topic,
          partitions: [
            {
              partitionIndex: partition,
              committedOffset: BigInt(offset),
              committedLeaderEpoch: -1,
              commitTimestamp: -1n,
              committedMetadata: metadata,
            },
          ],
        },
      ],
      ...rest,
    });
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
  }

  /** All committed positions of a group, as `topic-partition: offset`. */
  async offsets(groupId = GROUP): Promise<Record<string, number>> {
    const answer = await this.coordinator.offsetFetch(context(5), {
      groupId,
      topics: null,
      groups: [],
      requireStable: false,
    });
    const entries = answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [
        `${name}-${String(partitionIndex)}`,
        Number(committedOffset),
      ]),
    );
    return Object.fromEntries(entries) as Record<string, number>;
  }

  async state(groupId = GROUP): Promise<string> {
    return (await this.describe(groupId))?.groupState ?? '';
  }

  async describe(groupId = GROUP): Promise<DescribedGroup | undefined> {
    const request = { groups: [groupId], includeAuthorizedOperations: false };
    return (await this.coordinator.describeGroups(context(), request)).groups[0];
  }

  /** A Stable group of `count` dynamic members, the leader first. */
  async stableGroup(count: number): Promise<readonly JoinGroupResponse[]> {
    const joins = Array.from({ length: count }, () => this.join());
    await this.time.advance(6_000);
    const members = await Promise.all(joins);
    const assignments = members.map(({ memberId }) => ({
      memberId,
      assignment: Buffer.from(memberId),
    }));
    await Promise.all(
      members.map(({ memberId, generationId, leader }) =>
        this.sync({ memberId, generationId, assignments: memberId === leader ? assignments : [] }),
      ),
    );
    return members;
  }
}

type DescribedGroup = Awaited<ReturnType<GroupCoordinator['describeGroups']>>['groups'][number];

interface CommitOptions extends Partial<Omit<OffsetCommitRequest, 'topics'>> {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly metadata?: string;
}

/** The consumers' own format: version, topics, user data. */
export function subscription(topics: readonly string[]): Buffer {
  const parts = [Buffer.from([0, 0]), int32(topics.length)];
  for (const topic of topics) parts.push(Buffer.from([0, topic.length]), Buffer.from(topic));
  return Buffer.concat([...parts, int32(-1)]);
}

/** Whether a promise has been answered by now. */
export async function isAnswered(promise: Promise<unknown>): Promise<boolean> {
  let answered = false;
  void promise.then(() => (answered = true));
  await settled();
  return answered;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
