/**
 * /admin/reassign_partitions, which the tools of 2.8 make with --zookeeper. It names what is under
 * way: what is done, refused or given up leaves it, and with the last one it goes. The tools refuse
 * to begin anything while it stands.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { paths } from '../../zookeeper/paths.ts';
import type { NodeData } from '../../zookeeper/port.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import {
  decodeReassignPartitions,
  encodeReassignPartitions,
} from '../../zookeeper/znodes/requests.ts';
import type { RequestedReassignment } from '../../zookeeper/znodes/requests.ts';
import { ignoreUnreadable } from '../events/ignore-unreadable.ts';
import type { Term } from '../term.ts';
import { isMoving, isSameList, targetOf } from './placement.ts';

export class ReassignmentNode {
  readonly #term: Term;
  /** What it names, as far as is known here; null: it is not there. */
  #named: readonly RequestedReassignment[] | null = null;

  constructor(term: Term) {
    this.#term = term;
  }

  /** It was made, or written: returns what has to be begun. */
  read(node: NodeData | null): readonly RequestedReassignment[] {
    this.#named = node === null ? null : this.#decoded(node);
    return (this.#named ?? []).filter((it) => !this.#isUnderWay(it));
  }

  /** It stands, and something that it names is not under way, or nothing is. */
  get isOutdated(): boolean {
    if (this.#named === null) return false;
    return this.#named.length === 0 || !this.#named.every((it) => this.#isUnderWay(it));
  }

  /** Leaves only what is under way, without those of `given up`. */
  async trim(givenUp: readonly TopicPartition[] = []): Promise<void> {
    if (this.#named === null) return;
    const { session } = this.#term;
    const node = await session.get(paths.reassignPartitions);
    this.#named = null;
    if (node === null) return;
    const named = this.#decoded(node);
    const out = new Set(givenUp.map((it) => partitionKey(it.topic, it.partition)));
    const left = named.filter(
      (it) => this.#isUnderWay(it) && !out.has(partitionKey(it.topic, it.partition)),
    );
    if (await this.#write(node, left, named)) this.#named = left.length === 0 ? null : left;
  }

  /** False: somebody else has written it, of which the watch tells. */
  async #write(
    { stat }: NodeData,
    left: readonly RequestedReassignment[],
    named: readonly RequestedReassignment[],
  ): Promise<boolean> {
    const { session } = this.#term;
    const path = paths.reassignPartitions;
    try {
      if (left.length === 0) await session.remove(path, stat.version);
      else if (left.length < named.length) {
        await session.set(path, encodeReassignPartitions(left), stat.version);
      }
      return true;
    } catch (error) {
      const isOther =
        error instanceof ZooKeeperError && ['NO_NODE', 'BAD_VERSION'].includes(error.code);
      if (!isOther) throw error;
      return false;
    }
  }

  #isUnderWay(request: RequestedReassignment): boolean {
    const { context } = this.#term;
    const placement = context.placement(request);
    return (
      isMoving(placement) &&
      !context.deleting.has(request.topic) &&
      isSameList(targetOf(placement), request.replicas)
    );
  }

  #decoded({ data }: NodeData): readonly RequestedReassignment[] {
    try {
      const named = decodeReassignPartitions(data, paths.reassignPartitions);
      const byKey = new Map(named.map((it) => [partitionKey(it.topic, it.partition), it]));
      return [...byKey.values()];
    } catch (error) {
      ignoreUnreadable(error, this.#term.logger);
      return [];
    }
  }
}
