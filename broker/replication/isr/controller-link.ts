/**
 * AlterPartition to the controller, wherever it is: in this process, or over a connection that is
 * kept for as long as the controller stays where it is. Versions: see messages/alter-partition.ts; the
 * highest that both sides have, but topic ids only if every topic has one.
 */

import type { BrokerConnection } from '../../client/broker-connection.ts';
import type { ClusterImage } from '../../cluster/cluster-image.ts';
import { errorName, ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { alterPartition } from '../../protocol/messages/alter-partition.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import { ZERO_UUID } from '../../protocol/wire/uuid.ts';
import type { IsrChange, WrittenIsr } from './isr-changes.ts';
import type { AlterPartitionOutcome, AlterPartitions } from './isr-queue.ts';

/** The last version with names. */
const NAMES_VERSION_MAX = 1;
const TOPIC_IDS_SINCE = 2;
const EPOCHS_SINCE = 3;
/** A leader has everything that its term can have: it begins with what it has. */
const RECOVERED = 0;

/** A controller in this process. */
export interface LocalController {
  alterPartitions(request: {
    readonly brokerId: number;
    readonly brokerEpoch: number;
    readonly proposals: readonly (TopicPartition & {
      readonly leaderEpoch: number;
      readonly isr: readonly number[];
      readonly brokerEpochs: ReadonlyMap<number, number>;
      readonly leaderRecoveryState: number;
      readonly partitionEpoch: number;
    })[];
  }): Promise<
    readonly (TopicPartition & {
      readonly errorCode: number;
      readonly state: WrittenIsr | null;
    })[]
  >;
}

export interface ControllerLinkOptions {
  readonly brokerId: number;
  /** Of the present registration; null while there is none. */
  readonly brokerEpoch: () => number | null;
  /** Null where another broker is the controller. */
  readonly localController: () => LocalController | null;
  readonly cluster: Pick<ClusterImage, 'controllerId' | 'brokers'>;
  readonly listenerName: string;
  readonly connect: (address: {
    readonly host: string;
    readonly port: number;
  }) => Promise<BrokerConnection>;
}

interface Link {
  /** Host and port. */
  readonly address: string;
  readonly connection: BrokerConnection;
}

type Request = RequestOf<typeof alterPartition>;
type Response = ResponseOf<typeof alterPartition>;
type ResponsePartition = Response['topics'][number]['partitions'][number];

export class ControllerLink implements AlterPartitions {
  readonly #options: ControllerLinkOptions;
  #link: Link | null = null;
  #isClosed = false;

  constructor(options: ControllerLinkOptions) {
    this.#options = options;
  }

  async alterPartitions(changes: readonly IsrChange[]): Promise<readonly AlterPartitionOutcome[]> {
    const { brokerId, brokerEpoch: epochNow, localController } = this.#options;
    const brokerEpoch = epochNow();
    if (brokerEpoch === null) throw new KafkaError(ErrorCodes.STALE_BROKER_EPOCH);
    const local = localController();
    if (local === null) return this.#askRemote(changes, brokerEpoch);
    const proposals = changes.map((change) => ({
      ...change,
      isr: change.isr.map((member) => member.brokerId),
      brokerEpochs: new Map(
        change.isr
          .filter((member) => member.brokerEpoch !== -1)
          .map((member) => [member.brokerId, member.brokerEpoch]),
      ),
      leaderRecoveryState: RECOVERED,
    }));
    return local.alterPartitions({ brokerId, brokerEpoch, proposals });
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.connection.close();
  }

  async #askRemote(
    changes: readonly IsrChange[],
    brokerEpoch: number,
  ): Promise<readonly AlterPartitionOutcome[]> {
    const connection = await this.#connection();
    const haveIds = changes.every(({ topicId }) => topicId !== null);
    const version = await connection.commonVersion(
      alterPartition,
      haveIds ? alterPartition.versions[1] : NAMES_VERSION_MAX,
    );
    if (version === null) throw new KafkaError(ErrorCodes.UNSUPPORTED_VERSION);
    const request = requestOf(changes, version, { brokerId: this.#options.brokerId, brokerEpoch });
    const answer = await connection.send(alterPartition, version, request);
    if (answer.errorCode !== 0) {
      // It may have gone elsewhere: where to is looked up again.
      connection.close();
      throw new Error(`the controller answers ${errorName(answer.errorCode)}`);
    }
    return outcomesOf(changes, answer, version);
  }

  async #connection(): Promise<BrokerConnection> {
    const { cluster, listenerName, connect } = this.#options;
    const controller = cluster.brokers.get(cluster.controllerId);
    const endpoint = controller?.endpoints.get(listenerName);
    if (endpoint === undefined) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
    const { host, port } = endpoint;
    const address = `${host}:${String(port)}`;
    const known = this.#link;
    if (known?.address === address && !known.connection.ended) return known.connection;
    known?.connection.close();
    const connection = await connect({ host, port });
    if (this.#isClosed) connection.close();
    this.#link = { address, connection };
    return connection;
  }
}

function requestOf(
  changes: readonly IsrChange[],
  version: number,
  { brokerId, brokerEpoch }: { readonly brokerId: number; readonly brokerEpoch: number },
): Request {
  const byTopic = new Map<string, IsrChange[]>();
  for (const change of changes) {
    const known = byTopic.get(change.topic);
    if (known === undefined) byTopic.set(change.topic, [change]);
    else known.push(change);
  }
  return {
    brokerId,
    brokerEpoch: BigInt(brokerEpoch),
    topics: [...byTopic].map(([topicName, items]) => ({
      topicName,
      topicId: items[0]?.topicId ?? ZERO_UUID,
      partitions: items.map(({ partition, leaderEpoch, isr, partitionEpoch }) => ({
        partitionIndex: partition,
        leaderEpoch,
        ...membersOf(isr, version),
        leaderRecoveryState: RECOVERED,
        partitionEpoch,
      })),
    })),
  };
}

type RequestedPartition = Request['topics'][number]['partitions'][number];

function membersOf(
  isr: IsrChange['isr'],
  version: number,
): Pick<RequestedPartition, 'newIsr' | 'newIsrWithEpochs'> {
  if (version < EPOCHS_SINCE) {
    return { newIsr: isr.map(({ brokerId }) => brokerId), newIsrWithEpochs: [] };
  }
  return {
    newIsr: [],
    newIsrWithEpochs: isr.map(({ brokerId, brokerEpoch }) => ({
      brokerId,
      brokerEpoch: BigInt(brokerEpoch),
    })),
  };
}

function outcomesOf(
  changes: readonly IsrChange[],
  { topics }: Response,
  version: number,
): readonly AlterPartitionOutcome[] {
  const names = new Map(changes.map(({ topic, topicId }) => [topicId, topic]));
  const found = new Map<string, ResponsePartition>();
  for (const { topicName, topicId, partitions } of topics) {
    const name = version < TOPIC_IDS_SINCE ? topicName : (names.get(topicId) ?? '');
    for (const item of partitions) found.set(partitionKey(name, item.partitionIndex), item);
  }
  return changes.map(({ topic, partition }) => {
    const item = found.get(partitionKey(topic, partition));
    // A controller that leaves one out has not decided.
    if (item === undefined) return { errorCode: ErrorCodes.OPERATION_NOT_ATTEMPTED, state: null };
    const { errorCode } = item;
    return { errorCode, state: errorCode === ErrorCodes.NONE ? item : null };
  });
}
