/**
 * The fetchers of this broker: for each broker that leads something that is followed here, one or
 * more, each with a connection of its own. Owner: the broker; the replica manager says what follows
 * whom.
 *
 * Invariant: a replica is with one fetcher at most, which is the only one that changes its log.
 */

import assert from 'node:assert/strict';
import { partitionKey } from '../../model/topic-partition.ts';
import type { FetcherManagerOptions } from './fetcher-options.ts';
import { FollowedPartition } from './followed-partition.ts';
import type { FollowerReplica } from './follower-replica.ts';
import type { Followers, LeaderOf } from './followers.ts';
import { ReplicaFetcher } from './replica-fetcher.ts';

interface Following {
  readonly followed: FollowedPartition;
  readonly fetcher: ReplicaFetcher;
}

export class FetcherManager implements Followers {
  readonly #options: FetcherManagerOptions;
  /** By `<leader>-<index>`. */
  readonly #fetchers = new Map<string, ReplicaFetcher>();
  readonly #following = new Map<string, Following>();
  readonly #ending = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: FetcherManagerOptions) {
    this.#options = options;
  }

  /** Partitions that are followed. */
  get followedCount(): number {
    return this.#following.size;
  }

  get fetcherCount(): number {
    return this.#fetchers.size;
  }

  follow(replica: FollowerReplica, leader: LeaderOf): void {
    if (this.#isStopped) return;
    const followed = new FollowedPartition(replica, leader.leaderEpoch, this.#options.saveOffsets);
    assert(!this.#following.has(followed.key), `${followed.key} is followed already`);
    const fetcher = this.#fetcherFor(replica, leader.leaderId);
    this.#following.set(followed.key, { followed, fetcher });
    fetcher.add(followed);
  }

  async unfollow(replica: FollowerReplica): Promise<void> {
    const key = partitionKey(replica.topic, replica.index);
    const following = this.#following.get(key);
    if (following === undefined) return;
    this.#following.delete(key);
    await following.fetcher.remove(following.followed);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#following.clear();
    for (const key of [...this.#fetchers.keys()]) this.#end(key);
    await Promise.all(this.#ending);
  }

  #fetcherFor({ topic, index }: FollowerReplica, leaderId: number): ReplicaFetcher {
    const place = placeOf(topic, index) % Math.max(1, this.#options.settings().fetchersPerLeader);
    const key = `${String(leaderId)}-${String(place)}`;
    const known = this.#fetchers.get(key);
    if (known !== undefined) return known;
    const fetcher = new ReplicaFetcher({
      ...this.#options,
      leaderId,
      onIdle: () => this.#end(key),
      logger: this.#options.logger.child({ leader: leaderId, fetcher: place }),
    });
    this.#fetchers.set(key, fetcher);
    fetcher.start();
    return fetcher;
  }

  #end(key: string): void {
    const fetcher = this.#fetchers.get(key);
    if (fetcher === undefined) return;
    this.#fetchers.delete(key);
    const ending = fetcher.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/** Partitions of one topic go to fetchers in turn; topics begin at different ones. */
function placeOf(topic: string, partition: number): number {
  let hash = 0;
  for (let at = 0; at < topic.length; at += 1) hash = (hash * 31 + topic.charCodeAt(at)) >>> 0;
  return (hash + partition) >>> 0;
}
