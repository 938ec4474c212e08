/**
 * Makes and deletes topics: by writing znodes, which the controller's watches turn into partitions
 * and removals. The writes are not fenced, as those of Kafka and its --zookeeper tools are not.
 */

import type { AssignableBroker } from '../cluster/replica-assignment.ts';
import {
  assignReplicas,
  checkPartitionCount,
  startIndexOf,
} from '../cluster/replica-assignment.ts';
import { checkTopicCollision, checkTopicName } from '../cluster/topic-name.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Random } from '../platform/random.ts';
import { uuidToText } from '../protocol/wire/uuid.ts';
import { deleteTopicPath, topicPath } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { TopicAssignment } from '../zookeeper/znodes/topic-assignment.ts';
import {
  decodeTopicAssignment,
  encodeTopicAssignment,
} from '../zookeeper/znodes/topic-assignment.ts';

/** ZooKeeper takes requests of 1 MB (jute.maxbuffer), and ends the session of who sends a larger one. */
export const ASSIGNMENT_SIZE_MAX = 1_000_000;

export interface NewTopic {
  readonly name: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Given replicas by partition; then the two counts above follow from it. */
  readonly assignment: ReadonlyMap<number, readonly number[]> | null;
  readonly config: ReadonlyMap<string, string>;
}

export interface CreatedTopic {
  readonly topicId: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

export interface TopicGrowth {
  readonly name: string;
  /** Partitions afterwards. */
  readonly count: number;
  /** Replicas of each new partition; null: chosen here. */
  readonly assignment: readonly (readonly number[])[] | null;
}

/** Writes /config/topics/T, which stands before the topic itself; throws INVALID_CONFIG beforehand. */
export interface TopicConfigWriter {
  checkNewTopic(topic: string, config: ReadonlyMap<string, string>): void;
  writeNewTopic(topic: string, config: ReadonlyMap<string, string>): Promise<void>;
}

export interface TopicAdminOptions {
  readonly session: () => ZooKeeperSession;
  readonly configs: TopicConfigWriter;
  readonly liveBrokers: () => readonly AssignableBroker[];
  readonly topicNames: () => Iterable<string>;
  readonly random: Random;
}

export class TopicAdmin {
  readonly #options: TopicAdminOptions;

  constructor(options: TopicAdminOptions) {
    this.#options = options;
  }

  /**
   * Throws KafkaError: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS,
   * INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG. With `validateOnly`
   * nothing is written.
   */
  async create(topic: NewTopic, { validateOnly = false } = {}): Promise<CreatedTopic> {
    checkTopicName(topic.name);
    const session = this.#options.session();
    if ((await session.exists(topicPath(topic.name))) !== null) throw alreadyExists(topic.name);
    checkTopicCollision(topic.name, this.#options.topicNames());
    const partitions = this.#assign(topic);
    this.#options.configs.checkNewTopic(topic.name, topic.config);
    const created: CreatedTopic = {
      topicId: uuidToText(this.#options.random.uuid()),
      partitionCount: partitions.size,
      replicationFactor: partitions.get(0)?.length ?? 0,
    };
    const data = encodeChecked({
      topicId: created.topicId,
      partitions,
      addingReplicas: new Map(),
      removingReplicas: new Map(),
    });
    if (validateOnly) return created;
    await this.#options.configs.writeNewTopic(topic.name, topic.config);
    await this.#createNode(topicPath(topic.name), data, () => alreadyExists(topic.name));
    return created;
  }

  /**
   * Throws KafkaError: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT,
   * INVALID_REPLICATION_FACTOR, REASSIGNMENT_IN_PROGRESS. With `validateOnly` nothing is written.
   */
  async addPartitions(
    { name, count, assignment }: TopicGrowth,
    { validateOnly = false } = {},
  ): Promise<void> {
    const session = this.#options.session();
    const path = topicPath(name);
    const node = await session.get(path);
    if (node === null) {
      throw new KafkaError(
        ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        `The topic '${name}' does not exist.`,
      );
    }
    const topic = decodeTopicAssignment(node.data, path);
    if (topic.addingReplicas.size > 0 || topic.removingReplicas.size > 0) {
      throw new KafkaError(
        ErrorCodes.REASSIGNMENT_IN_PROGRESS,
        `A partition reassignment is in progress for the topic '${name}'.`,
      );
    }
    const added = this.#assignAdded(topic.partitions, count, assignment);
    const partitions = new Map([...topic.partitions, ...added]);
    const data = encodeChecked({ ...topic, partitions });
    if (validateOnly) return;
    await session.set(path, data, node.stat.version);
  }

  #assignAdded(
    present: ReadonlyMap<number, readonly number[]>,
    count: number,
    given: readonly (readonly number[])[] | null,
  ): ReadonlyMap<number, readonly number[]> {
    const brokers = this.#options.liveBrokers();
    checkGrowth(present.size, count, given);
    if (given !== null) {
      const replicationFactor = present.get(0)?.length ?? 1;
      given.forEach((replicas, index) => {
        checkReplicas(present.size + index, replicas, brokers);
        if (replicas.length !== replicationFactor) throw inconsistent(replicas.length);
      });
      return new Map(given.map((replicas, index) => [present.size + index, replicas]));
    }
    const startIndex = startIndexOf(brokers, present.get(0)?.[0] ?? 0);
    return assignReplicas({
      brokers,
      partitionCount: count - present.size,
      replicationFactor: present.get(0)?.length ?? 1,
      startIndex,
      shift: startIndex,
      firstPartition: present.size,
    });
  }

  /** Marks the topic for deletion; no error if it is marked already. */
  async remove(topic: string): Promise<void> {
    const session = this.#options.session();
    if ((await session.exists(topicPath(topic))) === null) {
      throw new KafkaError(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    }
    await this.#createNode(deleteTopicPath(topic), null, () => null);
  }

  #assign(topic: NewTopic): ReadonlyMap<number, readonly number[]> {
    const brokers = this.#options.liveBrokers();
    if (topic.assignment !== null) {
      checkAssignment(topic.assignment, brokers);
      return topic.assignment;
    }
    const { random } = this.#options;
    return assignReplicas({
      brokers,
      partitionCount: topic.partitionCount,
      replicationFactor: topic.replicationFactor,
      startIndex: brokers.length === 0 ? 0 : random.integer(brokers.length),
      shift: brokers.length === 0 ? 0 : random.integer(brokers.length),
    });
  }

  async #createNode(
    path: string,
    data: Buffer | null,
    onExists: () => KafkaError | null,
  ): Promise<void> {
    try {
      await this.#options.session().create(path, data);
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
      const failure = onExists();
      if (failure !== null) throw failure;
    }
  }
}

function alreadyExists(topic: string): KafkaError {
  return new KafkaError(ErrorCodes.TOPIC_ALREADY_EXISTS, `Topic '${topic}' already exists.`);
}

/** Throws INVALID_PARTITIONS where the znode would be larger than ZooKeeper takes. */
function encodeChecked(topic: TopicAssignment): Buffer {
  const data = encodeTopicAssignment(topic);
  if (data.length <= ASSIGNMENT_SIZE_MAX) return data;
  throw new KafkaError(
    ErrorCodes.INVALID_PARTITIONS,
    `The assignment of ${String(topic.partitions.size)} partitions takes ${String(data.length)} bytes: at most ${String(ASSIGNMENT_SIZE_MAX)} are allowed.`,
  );
}

/** The words of Kafka, and a limit that it leaves to ZooKeeper. */
function checkGrowth(
  present: number,
  count: number,
  given: readonly (readonly number[])[] | null,
): void {
  const invalid = (message: string): KafkaError =>
    new KafkaError(ErrorCodes.INVALID_PARTITIONS, message);
  if (count < present) {
    throw invalid(
      `Topic currently has ${String(present)} partitions, which is higher than the requested ${String(count)}.`,
    );
  }
  if (count === present) throw invalid(`Topic already has ${String(present)} partitions.`);
  checkPartitionCount(count);
  if (given !== null && given.length !== count - present) {
    throw new KafkaError(
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      `Increasing the number of partitions by ${String(count - present)} but ${String(given.length)} assignments provided.`,
    );
  }
}

function checkAssignment(
  assignment: ReadonlyMap<number, readonly number[]>,
  brokers: readonly AssignableBroker[],
): void {
  checkPartitionCount(assignment.size);
  for (let partition = 0; partition < assignment.size; partition += 1) {
    const replicas = assignment.get(partition);
    if (replicas === undefined) {
      throw new KafkaError(
        ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
        'Partitions should be a consecutive 0-based integer sequence',
      );
    }
    checkReplicas(partition, replicas, brokers);
    if (replicas.length !== assignment.get(0)?.length) throw inconsistent(replicas.length);
  }
}

function inconsistent(count: number): KafkaError {
  return new KafkaError(
    ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
    `All partitions should have the same number of replicas: not all have ${String(count)}`,
  );
}

function checkReplicas(
  partition: number,
  replicas: readonly number[],
  brokers: readonly AssignableBroker[],
): void {
  const invalid = (message: string): KafkaError =>
    new KafkaError(ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message);
  if (replicas.length === 0) throw invalid(`Partition ${String(partition)} has no replica`);
  if (new Set(replicas).size < replicas.length) {
    throw invalid(`Duplicate replicas found in assignment of partition ${String(partition)}`);
  }
  const unknown = replicas.find((id) => !brokers.some((broker) => broker.id === id));
  if (unknown !== undefined) {
    throw invalid(`Broker ${String(unknown)} of partition ${String(partition)} is not alive`);
  }
}
