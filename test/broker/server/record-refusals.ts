/** The entries of `refusals` for the APIs of records. */

import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { offsetForLeaderEpoch } from '../../../broker/protocol/messages/offset-for-leader-epoch.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { batchOf, fetchRequest, offsetAt, produceTo } from '../../support/requests.ts';

const TOPIC = ErrorCodes.TOPIC_AUTHORIZATION_FAILED;

type Ask = (client: BrokerConnection) => Promise<readonly number[]>;

/** An API key, and what is asked and answered. */
type Refusal = readonly [number, readonly [Ask, readonly number[]]];

export const recordRefusals: readonly Refusal[] = [
  [
    produce.key,
    [async (client) => [(await produceTo(client, 'orders', batchOf(['x']))).errorCode], [TOPIC]],
  ],
  [
    offsetForLeaderEpoch.key,
    [
      async (client) => {
        const asked = { partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 };
        const { topics } = await client.send(offsetForLeaderEpoch, 4, {
          replicaId: -1,
          topics: [{ topic: 'orders', partitions: [asked] }],
        });
        return topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
      },
      [TOPIC],
    ],
  ],
  [
    fetch.key,
    [
      async (client) => {
        const { responses } = await client.send(fetch, 12, fetchRequest('orders'));
        return responses.flatMap(({ partitions }) => partitions.map((it) => it.errorCode));
      },
      [TOPIC],
    ],
  ],
  [2, [async (client) => [(await offsetAt(client, 'orders', -1n)).errorCode], [TOPIC]]],
];
