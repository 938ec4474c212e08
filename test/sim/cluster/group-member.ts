/**
 * A member of a consumer group by Kafka's classic protocol: it joins, is given partitions, takes over
 * the positions that are stored, and commits higher ones, each again until it is acknowledged or the
 * group has gone on without it. Now and then it leaves, and comes back as another member.
 */

import assert from 'node:assert/strict';
import { ErrorCodes, errorName } from '../../../broker/model/error-codes.ts';
import { findCoordinator } from '../../../broker/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../../broker/protocol/messages/heartbeat.ts';
import { joinGroup } from '../../../broker/protocol/messages/join-group.ts';
import { leaveGroup } from '../../../broker/protocol/messages/leave-group.ts';
import { offsetCommit } from '../../../broker/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../../broker/protocol/messages/offset-fetch.ts';
import { syncGroup } from '../../../broker/protocol/messages/sync-group.ts';
import type { Api, ResponseOf } from '../../../broker/protocol/schema/api.ts';
import { only } from '../../support/requests.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ClusterClient } from './client.ts';
import type { GroupLedger } from './group-ledger.ts';
import { isRetriable } from './retriable.ts';
import type { StateHistory } from './state-history.ts';

const FIND_VERSION = 4;
const JOIN_VERSION = 7;
const SYNC_VERSION = 5;
const HEARTBEAT_VERSION = 4;
const LEAVE_VERSION = 4;
const COMMIT_VERSION = 8;
const FETCH_VERSION = 8;
const OFFSETS_TOPIC = '__consumer_offsets';
const SESSION_TIMEOUT_MS = 6000;
const REBALANCE_TIMEOUT_MS = 2500;
const PROTOCOL = 'taking turns';

export interface GroupMemberOptions {
  readonly topic: string;
  readonly partitionCount: number;
  readonly client: ClusterClient;
  readonly ledger: GroupLedger;
  readonly history: StateHistory;
  readonly scheduler: Scheduler;
  readonly isOver: () => boolean;
}

export class GroupMember {
  readonly #options: GroupMemberOptions;
  #coordinator: number | null = null;
  #memberId = '';
  /** Null: it is in none. */
  #generation: number | null = null;
  /** Of each partition that it owns, what it commits next. */
  readonly #positions = new Map<number, number>();

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { client, scheduler, isOver } = this.#options;
    for (let failures = 0; !isOver();) {
      const isFine = await this.#turn();
      failures = isFine ? 0 : failures + 1;
      if (isFine) await scheduler.pause(scheduler.random.integer(600));
      else await client.backOff(failures);
    }
    await this.#leave();
  }

  /** The positions of all partitions as they are stored, as soon as they can be had. */
  async checkAllAtLast(): Promise<void> {
    const { client, partitionCount } = this.#options;
    const all = Array.from({ length: partitionCount }, (_, partition) => partition);
    for (let attempt = 0; (await this.#stored(all)) === null; attempt += 1) {
      await client.backOff(attempt);
    }
  }

  #turn(): Promise<boolean> {
    if (this.#generation === null) return this.#join();
    const { random } = this.#options.scheduler;
    const choice = random.integer(20);
    if (choice === 0) return this.#leave();
    return choice < 8 || this.#positions.size === 0
      ? this.#heartbeat(this.#generation)
      : this.#commit(this.#generation);
  }

  async #join(): Promise<boolean> {
    this.#positions.clear();
    const answer = await this.#ask(joinGroup, JOIN_VERSION, {
      groupId: this.#options.ledger.groupId,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      memberId: this.#memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: PROTOCOL, metadata: Buffer.alloc(0) }],
      reason: null,
    });
    if (answer === null) return false;
    if (answer.errorCode === ErrorCodes.MEMBER_ID_REQUIRED) {
      this.#memberId = answer.memberId;
      return true;
    }
    if (!this.#isFine('join', answer.errorCode)) return false;
    this.#memberId = answer.memberId;
    return this.#sync(answer);
  }

  async #sync({ generationId, leader, members }: ResponseOf<typeof joinGroup>): Promise<boolean> {
    const { ledger, partitionCount, scheduler } = this.#options;
    const ids = members.map(({ memberId }) => memberId);
    const shareOf = (place: number): readonly number[] =>
      Array.from({ length: partitionCount }, (_, partition) => partition).filter(
        (partition) => partition % ids.length === place,
      );
    const assignments = ids.map((memberId, place) => ({
      memberId,
      assignment: Buffer.from(shareOf(place)),
    }));
    const answer = await this.#ask(syncGroup, SYNC_VERSION, {
      groupId: ledger.groupId,
      generationId,
      memberId: this.#memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: PROTOCOL,
      assignments: leader === this.#memberId ? assignments : [],
    });
    if (answer === null || !this.#isFine('sync', answer.errorCode)) return false;
    const owned = [...answer.assignment];
    scheduler.trace.note(
      `${ledger.groupId}: ${this.#memberId} has ${owned.join(' ')} in ${String(generationId)}`,
    );
    for (const partition of owned) ledger.own(partition, generationId, this.#memberId);
    const stored = await this.#stored(owned);
    if (stored === null) return false;
    for (const [partition, position] of stored) this.#positions.set(partition, position + 1);
    this.#generation = generationId;
    return true;
  }

  async #heartbeat(generationId: number): Promise<boolean> {
    const answer = await this.#ask(heartbeat, HEARTBEAT_VERSION, {
      groupId: this.#options.ledger.groupId,
      generationId,
      memberId: this.#memberId,
      groupInstanceId: null,
    });
    return answer !== null && this.#isFine('heartbeat', answer.errorCode);
  }

  async #commit(generation: number): Promise<boolean> {
    const { ledger, topic, scheduler } = this.#options;
    const sent = [...this.#positions];
    for (const [partition, position] of sent) ledger.send(partition, position);
    const answer = await this.#ask(offsetCommit, COMMIT_VERSION, {
      ...offsetCommit.request.initial,
      groupId: ledger.groupId,
      generationIdOrMemberEpoch: generation,
      memberId: this.#memberId,
      topics: [
        {
          name: topic,
          partitions: sent.map(([partitionIndex, position]) => ({
            partitionIndex,
            committedOffset: BigInt(position),
            committedLeaderEpoch: -1,
            commitTimestamp: -1n,
            committedMetadata: '',
          })),
        },
      ],
    });
    if (answer === null) return false;
    let isFine = true;
    for (const { partitionIndex, errorCode } of only(answer.topics).partitions) {
      isFine = this.#isFine('commit', errorCode) && isFine;
      const position = this.#positions.get(partitionIndex);
      if (errorCode !== ErrorCodes.NONE || position === undefined) continue;
      ledger.acknowledge(partitionIndex, position);
      this.#positions.set(partitionIndex, position + 1 + scheduler.random.integer(3));
    }
    return isFine;
  }

  /** Null: nobody says. Of a coordinator that is none any more, what it says may be of the past. */
  async #stored(partitions: readonly number[]): Promise<ReadonlyMap<number, number> | null> {
    const { ledger, topic, history } = this.#options;
    const before = partitions.map((partition) => ledger.acknowledged(partition));
    const termBefore = history.termOf(OFFSETS_TOPIC, 0);
    const answer = await this.#ask(offsetFetch, FETCH_VERSION, {
      ...offsetFetch.request.initial,
      groups: [
        {
          groupId: ledger.groupId,
          memberId: null,
          memberEpoch: -1,
          topics: [{ name: topic, partitionIndexes: partitions }],
        },
      ],
      requireStable: true,
    });
    if (answer === null) return null;
    const group = only(answer.groups);
    if (!this.#isFine('fetch', group.errorCode)) return null;
    const term = history.termOf(OFFSETS_TOPIC, 0);
    const isOfNow = term.leader === this.#coordinator && term.epoch === termBefore.epoch;
    const found = new Map<number, number>();
    for (const { partitionIndex, committedOffset, errorCode } of group.topics[0]?.partitions ??
      []) {
      if (!this.#isFine('fetch', errorCode)) return null;
      const position = Number(committedOffset);
      found.set(partitionIndex, position);
      const atLeast = before[partitions.indexOf(partitionIndex)] ?? -1;
      ledger.check(partitionIndex, position, isOfNow ? atLeast : -1);
    }
    return found;
  }

  /** As another member it comes back, if it does. */
  async #leave(): Promise<boolean> {
    const memberId = this.#memberId;
    this.#forgetGeneration();
    this.#memberId = '';
    if (memberId === '') return true;
    const answer = await this.#ask(leaveGroup, LEAVE_VERSION, {
      ...leaveGroup.request.initial,
      groupId: this.#options.ledger.groupId,
      members: [{ memberId, groupInstanceId: null, reason: null }],
    });
    return answer !== null;
  }

  #forgetGeneration(): void {
    this.#generation = null;
    this.#positions.clear();
  }

  /** Null: no answer, or nobody to ask. */
  async #ask<Req, Res>(api: Api<Req, Res>, version: number, request: Req): Promise<Res | null> {
    const { client } = this.#options;
    this.#coordinator ??= await this.#find();
    if (this.#coordinator === null) return null;
    const answer = await client.ask(this.#coordinator, api, version, request);
    if (answer === null) this.#coordinator = null;
    return answer;
  }

  async #find(): Promise<number | null> {
    const { client, ledger } = this.#options;
    const answer = await client.ask(null, findCoordinator, FIND_VERSION, {
      ...findCoordinator.request.initial,
      keyType: 0,
      coordinatorKeys: [ledger.groupId],
    });
    const found = answer?.coordinators[0];
    return found?.errorCode === ErrorCodes.NONE ? found.nodeId : null;
  }

  /** What is not fine has its consequences for where the member stands. */
  #isFine(what: string, errorCode: number): boolean {
    const { scheduler, ledger } = this.#options;
    if (errorCode === ErrorCodes.NONE) return true;
    scheduler.trace.note(`${ledger.groupId}: ${what} of ${this.#memberId} ${errorName(errorCode)}`);
    switch (errorCode) {
      case ErrorCodes.UNKNOWN_MEMBER_ID:
        this.#memberId = '';
        this.#forgetGeneration();
        break;
      case ErrorCodes.ILLEGAL_GENERATION:
      case ErrorCodes.REBALANCE_IN_PROGRESS:
        this.#forgetGeneration();
        break;
      default:
        assert(
          isRetriable(errorCode),
          `${ledger.groupId}: ${what} is told ${errorName(errorCode)}`,
        );
        this.#coordinator = null;
    }
    return false;
  }
}
