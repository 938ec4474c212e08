/** A coordinator live equals the same replayed, whatever clients, time and the log do. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClassicGroup } from '../../../../broker/coordinator/group/classic-group.ts';
import type { Groups } from '../../../../broker/coordinator/group/groups.ts';
import type { JoinResult } from '../../../../broker/coordinator/group/member.ts';
import { GroupShard } from '../../../../broker/coordinator/runtime/group-shard.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { ManualTime, settled } from '../../../support/manual-time.ts';
import { countingRandom, settings, subscription } from '../coordinator-fixture.ts';
import { OffsetsLogTwin } from '../offsets-log-twin.ts';

type Step =
  | { readonly kind: 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit'; readonly client: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'hold' | 'release' | 'refuse' | 'expire' | 'rebalance' }
  | { readonly kind: 'delete' | 'deleteOffsets'; readonly group: number };

interface Client {
  readonly groupId: string;
  readonly instanceId: string | null;
  readonly protocols: readonly string[];
  memberId: string;
  generationId: number;
  others: readonly string[];
}

const clientCount = 6;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: clientStep('join', 'sync', 'sync') },
  { weight: 6, arbitrary: clientStep('heartbeat', 'leave', 'commit') },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 10, 3_000, 5_000, 10_000, 70_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'hold' as const,
        'release' as const,
        'release' as const,
        'refuse' as const,
        'expire' as const,
        'rebalance' as const,
        'rebalance' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('delete' as const, 'deleteOffsets' as const),
      group: fc.nat(1),
    }),
  },
);

function clientStep<K extends 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit'>(
  ...kinds: readonly K[]
): fc.Arbitrary<{ kind: K; client: number }> {
  return fc.record({ kind: fc.constantFrom(...kinds), client: fc.nat(clientCount - 1) });
}

class World {
  readonly time = new ManualTime();
  readonly log = new OffsetsLogTwin();
  readonly shard = this.newShard(0);
  unanswered = 0;
  #round = 0;
  readonly #clients: readonly Client[] = Array.from({ length: clientCount }, (_, index) => ({
    groupId: `group-${String(index % 2)}`,
    instanceId: index < 4 ? null : `instance-${String(index % 2)}`,
    protocols: index < 3 ? ['range', 'sticky'] : ['sticky', 'range'],
    memberId: '',
    generationId: -1,
    others: [],
  }));

  newShard(leaderEpoch: number): GroupShard {
    return new GroupShard(0, leaderEpoch, {
      log: this.log,
      clock: this.time,
      timers: this.time,
      random: countingRandom(),
      logger: silentLogger,
      settings: { ...settings, groupSizeMax: 3, offsetsRetentionMs: 60_000 },
      partitionCount: () => 1,
      offsetsCommitTimeoutMs: 5_000,
      offsetsRetentionCheckIntervalMs: 600_000,
    });
  }

  async run(next: Step): Promise<void> {
    this.#round += 1;
    switch (next.kind) {
      case 'advance':
        await this.time.advance(next.ms);
        break;
      case 'hold':
        this.log.isHolding = true;
        break;
      case 'release':
        this.log.commitAll();
        break;
      case 'refuse':
        this.log.refuseAll(ErrorCodes.NOT_ENOUGH_REPLICAS);
        break;
      case 'rebalance':
        await this.#rebalance();
        break;
      case 'expire':
        this.shard.groups.expireOffsets();
        break;
      case 'delete':
        this.shard.groups.deleteGroup(`group-${String(next.group)}`, this.#expectAnswer());
        break;
      case 'deleteOffsets':
        this.shard.groups.deleteOffsets(
          `group-${String(next.group)}`,
          [
            { topic: 't', partition: 0 },
            { topic: 'u', partition: 0 },
          ],
          this.#expectAnswer(),
        );
        break;
      default:
        this.#runClient(next.kind, next.client);
    }
    await settled();
  }

  /** Everybody joins, with the id that was given, and syncs. */
  async #rebalance(): Promise<void> {
    for (const kind of ['join', 'join', 'sync'] as const) {
      this.#clients.forEach((_, index) => this.#runClient(kind, index));
      await this.time.advance(kind === 'join' ? 3_000 : 0);
    }
  }

  #runClient(kind: 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit', index: number): void {
    const client = this.#clients[index % clientCount];
    if (client === undefined) return;
    const { groups } = this.shard;
    const claim = {
      memberId: client.memberId,
      groupInstanceId: client.instanceId,
      generationId: client.generationId,
    };
    if (kind === 'join') this.#join(client);
    else if (kind === 'heartbeat') groups.heartbeat(client.groupId, claim);
    else if (kind === 'leave') groups.leave(client.groupId, claim);
    else if (kind === 'sync') {
      const assignments = client.others.map((memberId) => ({
        memberId,
        assignment: Buffer.from(`${memberId} in round ${String(this.#round)}`),
      }));
      const request = { ...claim, protocolType: null, protocolName: null, assignments };
      groups.sync(client.groupId, request, this.#expectAnswer());
    } else {
      const value = {
        offset: BigInt(this.#round),
        leaderEpoch: 1,
        metadata: '',
        commitTimestamp: BigInt(this.time.nowMs()),
        expireTimestamp: -1n,
      };
      const topic = this.#round % 2 === 0 ? 't' : 'u';
      const offsets = [{ topic, partition: 0, value }];
      groups.commit(client.groupId, { ...claim, offsets }, this.#expectAnswer());
    }
  }

  #join(client: Client): void {
    const answered = this.#expectAnswer();
    const request = {
      memberId: client.instanceId === null || this.#round % 3 === 0 ? client.memberId : '',
      groupInstanceId: client.instanceId,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      protocolType: 'consumer',
      terms: {
        protocols: client.protocols.map((name) => ({ name, metadata: subscription(['t']) })),
        rebalanceTimeoutMs: 20_000,
        sessionTimeoutMs: 10_000,
      },
      knowsMemberIdRequired: client.instanceId === null,
      knowsSkipAssignment: this.#round % 2 === 0,
    };
    this.shard.groups.join(client.groupId, request, (result) => {
      answered();
      learn(client, result);
    });
  }

  #expectAnswer(): () => void {
    let isAnswered = false;
    this.unanswered += 1;
    return () => {
      expect(isAnswered).toBe(false);
      isAnswered = true;
      this.unanswered -= 1;
    };
  }
}

function learn(client: Client, result: JoinResult): void {
  const isStillKnown =
    result.errorCode === ErrorCodes.NONE || result.errorCode === ErrorCodes.MEMBER_ID_REQUIRED;
  client.memberId = isStillKnown ? result.memberId : '';
  if (result.errorCode !== ErrorCodes.NONE) return;
  client.generationId = result.generationId;
  client.others = result.members.map(({ memberId }) => memberId);
}

function storedState(groups: Groups): Record<string, unknown> {
  const entries = [...groups.all()]
    .filter(({ stored, offsets }) => stored !== null || offsets.count > 0)
    .map(({ id, stored, offsets }) => {
      const positions = [...offsets.all()].map(({ topic, partition, value }) => [
        `${topic}-${String(partition)}`,
        value,
      ]);
      return [id, { stored, offsets: Object.fromEntries(positions) as unknown }];
    });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** What the group would store now, without the time, which a change of state moves. */
function liveState(group: ClassicGroup): unknown {
  return { ...group.toStored(({ assignment }) => assignment), currentStateTimestamp: 0n };
}

function expectLiveIsStored(group: ClassicGroup): void {
  const { stored, state } = group;
  if (state === 'Stable') {
    expect(liveState(group)).toEqual({ ...stored, currentStateTimestamp: 0n });
  } else if (state === 'Empty' && stored?.generation === group.generationId) {
    expect(group.membership.size).toBe(0);
    expect(stored.currentStateTimestamp).toBe(BigInt(group.stateSinceMs ?? -1));
  }
}

describe('a coordinator', () => {
  it('has live what it would have replayed, and answers everybody exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const world = new World();
        await world.shard.load();
        for (const next of steps) await world.run(next);
        world.log.commitAll();
        world.log.isHolding = false;
        await settled();
        const successor = world.newShard(1);
        await successor.load();
        expect(storedState(world.shard.groups)).toEqual(storedState(successor.groups));
        for (const group of world.shard.groups.all()) expectLiveIsStored(group);
        world.shard.stop();
        successor.stop();
        expect(world.unanswered).toBe(0);
        expect(world.time.count).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
