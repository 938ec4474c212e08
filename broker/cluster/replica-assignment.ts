/**
 * Which brokers get the replicas of new partitions: Kafka's assignment, so that tools and people find
 * what they expect. Partition p is led by the broker p places after the start; its followers stand
 * `shift` places further, and the shift grows by one with each round over the brokers, so that the
 * brokers which follow one leader differ. With racks, brokers are lined up rack by turns and a
 * follower on a rack or a broker that has a replica is passed over while another is without one.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { PARTITIONS_PER_TOPIC_MAX } from '../model/topic-partition.ts';

export interface AssignableBroker {
  readonly id: number;
  readonly rack: string | null;
}

export interface AssignmentRequest {
  /** Live ones, in any order. */
  readonly brokers: readonly AssignableBroker[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Where to begin in the line of brokers, and by how much followers are shifted: random for a new topic. */
  readonly startIndex: number;
  readonly shift: number;
  /** Above 0 where partitions are added to a topic. */
  readonly firstPartition?: number;
}

/** Replicas by partition, the preferred leader first. Throws INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR
 * or, where only some brokers name a rack, UNKNOWN_SERVER_ERROR. */
export function assignReplicas(request: AssignmentRequest): ReadonlyMap<number, readonly number[]> {
  check(request);
  const line = lineUp(request.brokers);
  const first = request.firstPartition ?? 0;
  const assignment = new Map<number, readonly number[]>();
  let shift = request.shift;
  for (let partition = first; partition < first + request.partitionCount; partition += 1) {
    if (partition > 0 && partition % line.brokers.length === 0) shift += 1;
    const leaderIndex = (partition + request.startIndex) % line.brokers.length;
    assignment.set(partition, replicasOf(line, { leaderIndex, shift, request }));
  }
  return assignment;
}

/**
 * For partitions added to a topic: they go on where the topic began. The start is the place, among the
 * live brokers by id, of its first partition's leader, or of the next one that lives. Apache Kafka
 * takes the place by id with racks too, though it then counts along the rack by rack line.
 */
export function startIndexOf(brokers: readonly AssignableBroker[], firstLeader: number): number {
  const ids = brokers.map((broker) => broker.id).sort((left, right) => left - right);
  return Math.max(
    0,
    ids.findIndex((id) => id >= firstLeader),
  );
}

/** Before anything is made of the count. Throws INVALID_PARTITIONS. */
export function checkPartitionCount(partitionCount: number): void {
  if (partitionCount <= PARTITIONS_PER_TOPIC_MAX) return;
  throw new KafkaError(
    ErrorCodes.INVALID_PARTITIONS,
    `A topic cannot have ${String(partitionCount)} partitions: at most ${String(PARTITIONS_PER_TOPIC_MAX)} are allowed.`,
  );
}

interface Line {
  readonly brokers: readonly AssignableBroker[];
  /** 1 where racks play no part. */
  readonly rackCount: number;
}

function check(request: AssignmentRequest): void {
  const { brokers, partitionCount, replicationFactor } = request;
  if (partitionCount <= 0) {
    const message = 'Number of partitions must be larger than 0.';
    throw new KafkaError(ErrorCodes.INVALID_PARTITIONS, message);
  }
  checkPartitionCount((request.firstPartition ?? 0) + partitionCount);
  if (replicationFactor <= 0) {
    const message = 'Replication factor must be larger than 0.';
    throw new KafkaError(ErrorCodes.INVALID_REPLICATION_FACTOR, message);
  }
  if (replicationFactor > brokers.length) {
    throw new KafkaError(
      ErrorCodes.INVALID_REPLICATION_FACTOR,
      `Replication factor: ${String(replicationFactor)} larger than available brokers: ${String(brokers.length)}.`,
    );
  }
}

/** Sorted by id; with racks, one of each rack in turn. */
function lineUp(brokers: readonly AssignableBroker[]): Line {
  const sorted = [...brokers].sort((left, right) => left.id - right.id);
  const racked = sorted.filter((broker) => broker.rack !== null);
  if (racked.length === 0) return { brokers: sorted, rackCount: 1 };
  if (racked.length < sorted.length) {
    throw new KafkaError(
      ErrorCodes.UNKNOWN_SERVER_ERROR,
      'Not all brokers have rack information for replica rack aware assignment.',
    );
  }
  const racks = new Map<string, AssignableBroker[]>();
  for (const broker of sorted) {
    const rack = broker.rack ?? '';
    const members = racks.get(rack);
    if (members === undefined) racks.set(rack, [broker]);
    else members.push(broker);
  }
  const ordered = [...racks.keys()].sort().map((rack) => racks.get(rack) ?? []);
  const rounds = Math.max(...ordered.map((members) => members.length));
  const line = Array.from({ length: rounds }, (_, round) =>
    ordered.flatMap((members) => members.slice(round, round + 1)),
  ).flat();
  return { brokers: line, rackCount: racks.size };
}

interface Place {
  readonly leaderIndex: number;
  readonly shift: number;
  readonly request: AssignmentRequest;
}

function replicasOf(line: Line, { leaderIndex, shift, request }: Place): readonly number[] {
  const replicas = new Set<number>();
  const racks = new Set<string | null>();
  const take = (broker: AssignableBroker | undefined): void => {
    if (broker === undefined) return;
    const isRackDue = !racks.has(broker.rack) || racks.size === line.rackCount;
    if (replicas.has(broker.id) || !isRackDue) return;
    replicas.add(broker.id);
    racks.add(broker.rack);
  };
  take(line.brokers[leaderIndex]);
  // Each step looks at another broker until all have been seen, so the loop ends within two rounds.
  for (let step = 0; replicas.size < request.replicationFactor; step += 1) {
    const others = line.brokers.length - 1;
    const distance = 1 + ((shift * line.rackCount + step) % others);
    take(line.brokers[(leaderIndex + distance) % line.brokers.length]);
  }
  return [...replicas];
}
