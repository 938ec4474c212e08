/**
 * What the controller learns of log.dirs that failed while their broker lives. A broker tells it by a
 * node below /log_dir_event_notification that something failed; which replicas are lost it answers,
 * with KAFKA_STORAGE_ERROR, to a LeaderAndIsr that names all of its replicas.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import type { leaderAndIsr } from '../protocol/messages/leader-and-isr.ts';
import type { ResponseOf } from '../protocol/schema/api.ts';
import { paths } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';
import { decodeLogDirEvent } from '../zookeeper/znodes/log-dir-event.ts';
import type { ControllerContext } from './context.ts';
import type { LeaderAndIsrRequest } from './controller-requests.ts';

/** Reads the notifications and takes them away. Returns the brokers that they are of. */
export async function takeLogDirEvents(
  session: ZooKeeperSession,
  names: readonly string[],
  logger: Logger,
): Promise<ReadonlySet<number>> {
  const brokers = new Set<number>();
  for (const name of names) {
    const path = `${paths.logDirEvents}/${name}`;
    const node = await session.get(path);
    if (node === null) continue;
    try {
      brokers.add(decodeLogDirEvent(node.data, path));
    } catch (error) {
      if (!(error instanceof ZnodeFormatError)) throw error;
      logger.error({ err: error }, 'a notification is ignored');
    }
    await removeIfThere(session, path);
  }
  return brokers;
}

/**
 * Takes notice of which replicas a broker has, by its answer to a LeaderAndIsr. Returns those that it
 * has lost, or has got back, since it was asked before.
 */
export function noteReplicas(
  context: ControllerContext,
  brokerId: number,
  exchange: {
    readonly request: LeaderAndIsrRequest;
    readonly response: ResponseOf<typeof leaderAndIsr>;
  },
): TopicPartition[] {
  return outcomesOf(exchange).filter(({ topic, partition, errorCode }) => {
    const isLost = errorCode === ErrorCodes.KAFKA_STORAGE_ERROR;
    // Any other failure, such as that of a state that is not newer, says nothing of the disk.
    if (!isLost && errorCode !== ErrorCodes.NONE) return false;
    return context.noteReplica(brokerId, { topic, partition }, !isLost);
  });
}

interface Outcome extends TopicPartition {
  readonly errorCode: number;
}

/** Version 5 and later name topics by their ids. */
function outcomesOf({
  request,
  response,
}: {
  readonly request: LeaderAndIsrRequest;
  readonly response: ResponseOf<typeof leaderAndIsr>;
}): readonly Outcome[] {
  const names = new Map(request.topicStates.map(({ topicId, topicName }) => [topicId, topicName]));
  const outcome = (topic: string, it: { partitionIndex: number; errorCode: number }): Outcome => ({
    topic,
    partition: it.partitionIndex,
    errorCode: it.errorCode,
  });
  if (response.partitionErrors.length > 0) {
    return response.partitionErrors.map((it) => outcome(it.topicName, it));
  }
  return response.topics.flatMap(({ topicId, partitionErrors }) => {
    const topic = names.get(topicId);
    return topic === undefined ? [] : partitionErrors.map((it) => outcome(topic, it));
  });
}

async function removeIfThere(session: ZooKeeperSession, path: string): Promise<void> {
  try {
    await session.remove(path, -1);
  } catch (error) {
    if (!(error instanceof ZooKeeperError) || error.code !== 'NO_NODE') throw error;
  }
}
