/**
 * Before this broker stops, it asks the controller to move its leaderships away, as long as it still
 * serves them. Where partitions remain it asks again, as often as is configured; without a controller
 * that answers it gives up soon, so that a stop ends even when the cluster is away.
 */

import type { BrokerConnection } from '../client/broker-connection.ts';
import { errorName } from '../model/error-codes.ts';
import { errorCodeOf } from '../model/kafka-error.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import type { Timers } from '../platform/timers.ts';
import { delay } from '../platform/timers.ts';
import { controlledShutdown } from '../protocol/messages/controlled-shutdown.ts';
import { brokerPath, paths } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { decodeBrokerRegistration } from '../zookeeper/znodes/broker-registration.ts';
import { decodeController } from '../zookeeper/znodes/controller.ts';

const VERSION = 3;
const RETRY_MS = 200;
/** In all, without an answer of a controller. */
const UNANSWERED_MS_MAX = 3000;

interface LocalController {
  controlledShutdown(broker: {
    readonly brokerId: number;
    readonly brokerEpoch: number;
  }): Promise<readonly TopicPartition[]>;
}

export interface ControlledShutdownOptions {
  readonly brokerId: number;
  /** Null while it is not registered: then there is nothing to give up. */
  readonly brokerEpoch: () => number | null;
  readonly session: () => ZooKeeperSession;
  /** Null where another broker is the controller. */
  readonly localController: () => LocalController | null;
  readonly listenerName: string;
  readonly connect: (address: {
    readonly host: string;
    readonly port: number;
  }) => Promise<BrokerConnection>;
  /** Whether one of them has another replica on a broker that lives, which may yet catch up. */
  readonly haveOtherReplica: (partitions: readonly TopicPartition[]) => boolean;
  /** Resolves when that is so no longer, at the latest after `timeoutMs`. */
  readonly whenAlone: (
    partitions: readonly TopicPartition[],
    timeoutMs: number,
  ) => Promise<unknown>;
  readonly retriesMax: number;
  readonly retryBackoffMs: number;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Resolves when nothing remains, or there is no use in waiting. Never rejects. */
export async function giveUpLeadership(options: ControlledShutdownOptions): Promise<void> {
  const { logger, retriesMax, retryBackoffMs } = options;
  for (let attempt = 0; attempt <= retriesMax; attempt += 1) {
    const remaining = await answered(options);
    if (remaining === null) return;
    logger.info(
      { remaining: remaining.length },
      'the controller has moved leadership away from this broker',
    );
    if (!options.haveOtherReplica(remaining)) return;
    // Where the whole cluster stops, the others are gone soon.
    if (attempt < retriesMax) await options.whenAlone(remaining, retryBackoffMs);
  }
  logger.warn({}, 'the broker stops although it still leads partitions that have other replicas');
}

/** What this broker still leads; null: no controller has answered in time, or it does not know us. */
async function answered(
  options: ControlledShutdownOptions,
): Promise<readonly TopicPartition[] | null> {
  const { timers, logger } = options;
  const tooLong = new AbortController();
  const timer = timers.after(UNANSWERED_MS_MAX, () => tooLong.abort());
  const given = new Promise<string>((resolve) => {
    tooLong.signal.addEventListener('abort', () => resolve('it took too long'), { once: true });
  });
  try {
    for (;;) {
      const brokerEpoch = options.brokerEpoch();
      if (brokerEpoch === null || tooLong.signal.aborted) break;
      const outcome = await Promise.race([ask(options, brokerEpoch), given]);
      if (typeof outcome !== 'string') return outcome;
      logger.debug({ reason: outcome }, 'no controller has answered that this broker stops');
      await delay(timers, RETRY_MS, tooLong.signal).catch(() => undefined);
    }
  } finally {
    timer.cancel();
  }
  logger.warn({}, 'no controller answers: the broker stops without moving leadership');
  return null;
}

type Answer = readonly TopicPartition[] | string;

/** The partitions that remain, or why there is no answer. */
async function ask(options: ControlledShutdownOptions, brokerEpoch: number): Promise<Answer> {
  const { brokerId } = options;
  try {
    const local = options.localController();
    if (local !== null) return await local.controlledShutdown({ brokerId, brokerEpoch });
    return await askRemote(options, brokerEpoch);
  } catch (error) {
    const code = errorCodeOf(error);
    return code === -1 ? String(error) : errorName(code);
  }
}

async function askRemote(
  { brokerId, session, connect, listenerName }: ControlledShutdownOptions,
  brokerEpoch: number,
): Promise<Answer> {
  const node = await session().get(paths.controller);
  if (node === null) return 'there is no controller';
  const path = brokerPath(decodeController(node.data, paths.controller).brokerId);
  const controller = await session().get(path);
  if (controller === null) return 'the controller is not registered';
  const { endpoints } = decodeBrokerRegistration(controller.data, path);
  const endpoint = endpoints.find((it) => it.listenerName === listenerName);
  if (endpoint === undefined) return `the controller has no listener ${listenerName}`;
  const connection = await connect({ host: endpoint.host, port: endpoint.port });
  try {
    const request = { brokerId, brokerEpoch: BigInt(brokerEpoch) };
    const answer = await connection.send(controlledShutdown, VERSION, request, UNANSWERED_MS_MAX);
    if (answer.errorCode !== 0) return errorName(answer.errorCode);
    return answer.remainingPartitions.map(({ topicName, partitionIndex }) => ({
      topic: topicName,
      partition: partitionIndex,
    }));
  } finally {
    connection.close();
  }
}
