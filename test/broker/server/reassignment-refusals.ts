/** As refusals.ts: of the APIs that move replicas, and that say where they lie. */

import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { alterPartitionReassignments } from '../../../broker/protocol/messages/alter-partition-reassignments.ts';
import { describeLogDirs } from '../../../broker/protocol/messages/describe-log-dirs.ts';
import { listPartitionReassignments } from '../../../broker/protocol/messages/list-partition-reassignments.ts';

/** What is asked, and the error codes of the answer. */
export type Refusal = readonly [
  ask: (client: BrokerConnection) => Promise<readonly number[]>,
  codes: readonly number[],
];

const CLUSTER = ErrorCodes.CLUSTER_AUTHORIZATION_FAILED;

export const reassignmentRefusals: readonly (readonly [key: number, Refusal])[] = [
  [
    describeLogDirs.key,
    [
      async (client) => [(await client.send(describeLogDirs, 4, { topics: null })).errorCode],
      [CLUSTER],
    ],
  ],
  [
    alterPartitionReassignments.key,
    [
      async (client) => {
        const partitions = [{ partitionIndex: 0, replicas: [1] }];
        const answer = await client.send(alterPartitionReassignments, 1, {
          timeoutMs: 1000,
          allowReplicationFactorChange: true,
          topics: [{ name: 'orders', partitions }],
        });
        return [answer.errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    listPartitionReassignments.key,
    [
      async (client) => {
        const request = { timeoutMs: 1000, topics: null };
        return [(await client.send(listPartitionReassignments, 0, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
];
