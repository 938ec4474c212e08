/**
 * DescribeLogDirs: the folders of log.dirs, and the sizes of the logs in them. Versions and errors: see
 * messages/describe-log-dirs.ts. The size of a disk is not told, only what is free on it.
 */

import type { LogDirContents } from '../../log/volume/log-dir-contents.ts';
import type { PartitionLog } from '../../log/partition-log.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface DescribeLogDirsPorts {
  readonly logDirs: () => Promise<readonly LogDirContents[]>;
  readonly replicas: Pick<ReplicaManager, 'get'>;
  readonly authorizer: Authorizer;
}

type Request = RequestOf<typeof describeLogDirs>;
type Result = ResponseOf<typeof describeLogDirs>['results'][number];

const UNKNOWN = -1n;

export function describeLogDirsHandler(ports: DescribeLogDirsPorts): ApiHandler {
  return serve(describeLogDirs, [1, 4], async (context, request) => {
    if (!ports.authorizer.authorize(context, 'DESCRIBE', clusterResource)) {
      const errorCode = ErrorCodes.CLUSTER_AUTHORIZATION_FAILED;
      return { throttleTimeMs: 0, errorCode, results: [] };
    }
    const isAsked = askedOf(request);
    const results = (await ports.logDirs()).map((folder) => resultOf(ports, folder, isAsked));
    return { throttleTimeMs: 0, errorCode: ErrorCodes.NONE, results };
  });
}

type IsAsked = (log: PartitionLog) => boolean;

function askedOf({ topics }: Request): IsAsked {
  if (topics === null) return () => true;
  const asked = new Map(topics.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  return ({ topic, partition }) => asked.get(topic)?.has(partition) === true;
}

function resultOf(
  { replicas }: DescribeLogDirsPorts,
  { path, isOffline, logs, freeBytes }: LogDirContents,
  isAsked: IsAsked,
): Result {
  const topics = new Map<string, Result['topics'][number]['partitions'][number][]>();
  for (const log of logs) {
    if (!isAsked(log)) continue;
    const { topic, partition, size } = log;
    const highWatermark = replicas.get(topic, partition)?.highWatermark ?? 0;
    const offsetLag = BigInt(Math.max(0, highWatermark - log.logEndOffset));
    const entry = {
      partitionIndex: partition,
      partitionSize: BigInt(size),
      offsetLag,
      isFutureKey: false,
    };
    const entries = topics.get(topic);
    if (entries === undefined) topics.set(topic, [entry]);
    else entries.push(entry);
  }
  return {
    errorCode: isOffline ? ErrorCodes.KAFKA_STORAGE_ERROR : ErrorCodes.NONE,
    logDir: path,
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    totalBytes: UNKNOWN,
    usableBytes: freeBytes === null ? UNKNOWN : BigInt(freeBytes),
  };
}
