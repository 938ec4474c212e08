/** What a broker does for a controller: which requests it takes, and what they change. */

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { leaderAndIsr } from '../../../broker/protocol/messages/leader-and-isr.ts';
import { stopReplica } from '../../../broker/protocol/messages/stop-replica.ts';
import { updateMetadata } from '../../../broker/protocol/messages/update-metadata.ts';
import type { ResponseOf } from '../../../broker/protocol/schema/api.ts';
import {
  batchOf,
  fetchFrom,
  makeTopic,
  offsetAt,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import { testBrokers } from '../../support/test-broker.ts';

const start = testBrokers();
let client: BrokerConnection;
let topicId: string;

beforeEach(async () => {
  client = await (await start()).connect();
  ({ topicId } = await makeTopic(client, 'orders'));
  await produceTo(client, 'orders', batchOf(['kept']));
});

interface Change {
  readonly leader?: number;
  readonly leaderEpoch?: number;
  readonly controllerEpoch?: number;
  readonly brokerEpoch?: bigint;
}

function lead(change: Change): Promise<ResponseOf<typeof leaderAndIsr>> {
  const { leader = 0, leaderEpoch = 5, controllerEpoch = 9, brokerEpoch = -1n } = change;
  return client.send(leaderAndIsr, 7, {
    ...leaderAndIsr.request.initial,
    controllerId: 0,
    controllerEpoch,
    brokerEpoch,
    topicStates: [
      {
        topicName: 'orders',
        topicId,
        partitionStates: [
          {
            topicName: 'orders',
            partitionIndex: 0,
            controllerEpoch,
            leader,
            leaderEpoch,
            isr: [leader],
            partitionEpoch: 1,
            replicas: [0, 1],
            addingReplicas: [],
            removingReplicas: [],
            isNew: false,
            leaderRecoveryState: 0,
          },
        ],
      },
    ],
  });
}

function partitionCode(answer: ResponseOf<typeof leaderAndIsr>): number | undefined {
  return answer.topics[0]?.partitionErrors[0]?.errorCode;
}

describe('a broker that is told by LeaderAndIsr', () => {
  it('leads in a newer epoch, and what it had is read in it', async () => {
    const answer = await lead({ leaderEpoch: 5 });
    expect([answer.errorCode, partitionCode(answer)]).toEqual([0, 0]);
    const fetched = await fetchFrom(client, 'orders', { currentLeaderEpoch: 5 });
    expect(fetched.errorCode).toBe(0);
    const old = await fetchFrom(client, 'orders', { currentLeaderEpoch: 4 });
    expect(old.errorCode).toBe(ErrorCodes.FENCED_LEADER_EPOCH);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('leads no more when another broker does, and wakes who waits', async () => {
    const other = fetchFrom(client, 'orders', { offset: 1, maxWaitMs: 5 });
    await other;
    expect(partitionCode(await lead({ leader: 1 }))).toBe(0);
    const wrong = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    expect((await produceTo(client, 'orders', batchOf(['x']))).errorCode).toBe(wrong);
    expect((await offsetAt(client, 'orders', -1n)).errorCode).toBe(wrong);
    // Consumers that know of KIP-392 may read from followers.
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('leaves a partition as it is for an older leader epoch', async () => {
    await lead({ leaderEpoch: 5 });
    const answer = await lead({ leader: 1, leaderEpoch: 4 });
    expect(partitionCode(answer)).toBe(ErrorCodes.STALE_CONTROLLER_EPOCH);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('takes nothing from an older controller, in any request', async () => {
    await lead({ controllerEpoch: 9 });
    const stale = ErrorCodes.STALE_CONTROLLER_EPOCH;
    expect((await lead({ leader: 1, leaderEpoch: 6, controllerEpoch: 8 })).errorCode).toBe(stale);
    const sender = { controllerId: 0, controllerEpoch: 8, brokerEpoch: -1n };
    const stop = { ...stopReplica.request.initial, ...sender };
    expect((await client.send(stopReplica, 4, stop)).errorCode).toBe(stale);
    const update = { ...updateMetadata.request.initial, ...sender };
    expect((await client.send(updateMetadata, 8, update)).errorCode).toBe(stale);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('takes nothing that was meant for an earlier life of it', async () => {
    const answer = await lead({ leader: 1, brokerEpoch: 0n });
    expect(answer.errorCode).toBe(ErrorCodes.STALE_BROKER_EPOCH);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });
});

describe('a broker that is told by StopReplica', () => {
  function stop(
    deletePartition: boolean,
    leaderEpoch: number,
  ): Promise<ResponseOf<typeof stopReplica>> {
    return client.send(stopReplica, 4, {
      ...stopReplica.request.initial,
      controllerId: 0,
      controllerEpoch: 9,
      brokerEpoch: -1n,
      topicStates: [
        {
          topicName: 'orders',
          partitionStates: [{ partitionIndex: 0, leaderEpoch, deletePartition }],
        },
      ],
    });
  }

  it('stops, keeps its log, and leads again later', async () => {
    expect((await stop(false, -2)).partitionErrors[0]?.errorCode).toBe(0);
    expect((await fetchFrom(client, 'orders')).errorCode).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    await lead({ leaderEpoch: 6 });
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('does not go back to an older leader epoch when it has stopped', async () => {
    await lead({ leaderEpoch: 5 });
    await stop(false, -2);
    const old = ErrorCodes.STALE_CONTROLLER_EPOCH;
    expect(partitionCode(await lead({ leaderEpoch: 4 }))).toBe(old);
    expect((await fetchFrom(client, 'orders')).errorCode).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    expect((await stop(true, 4)).partitionErrors[0]?.errorCode).toBe(
      ErrorCodes.FENCED_LEADER_EPOCH,
    );
    expect(partitionCode(await lead({ leaderEpoch: 5 }))).toBe(0);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });

  it('removes its log where it is told to', async () => {
    expect((await stop(true, -2)).partitionErrors[0]?.errorCode).toBe(0);
    await lead({ leaderEpoch: 6 });
    expect(await valuesFrom(client, 'orders')).toEqual([]);
  });

  it('refuses an older leader epoch', async () => {
    await lead({ leaderEpoch: 5 });
    const answer = await stop(true, 3);
    expect(answer.partitionErrors[0]?.errorCode).toBe(ErrorCodes.FENCED_LEADER_EPOCH);
    expect(await valuesFrom(client, 'orders')).toEqual(['kept']);
  });
});
