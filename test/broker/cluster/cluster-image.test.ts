import { describe, expect, it } from '@jest/globals';
import type { BrokerImage, PartitionImage } from '../../../broker/cluster/cluster-image.ts';
import { ClusterImage, LEADER_DURING_DELETE } from '../../../broker/cluster/cluster-image.ts';

function broker(id: number): BrokerImage {
  const endpoint = { host: 'h', port: 9092, securityProtocol: 'PLAINTEXT' };
  return { id, epoch: id * 10, endpoints: new Map([['PLAINTEXT', endpoint]]), rack: null };
}

function state(leader: number, leaderEpoch = 0): PartitionImage {
  const replicas = [1, 2];
  const [isr, offlineReplicas] = [replicas, []];
  return {
    leader,
    leaderEpoch,
    isr,
    replicas,
    offlineReplicas,
    partitionEpoch: 0,
    controllerEpoch: 1,
  };
}

function update(topic: string, topicId: string | null, ...states: readonly PartitionImage[]) {
  return states.map((each, partition) => ({ topic, topicId, partition, state: each }));
}

describe('The image of the cluster', () => {
  it('knows nothing at first', () => {
    const image = new ClusterImage();
    expect(image.controllerId).toBe(-1);
    expect(image.brokers.size).toBe(0);
    expect(image.topics.size).toBe(0);
  });

  it('replaces the brokers, and of topics only what an update names', () => {
    const image = new ClusterImage();
    const partitions = [...update('a', 'A', state(1), state(2)), ...update('b', 'B', state(1))];
    image.apply({ controllerId: 1, brokers: [broker(1), broker(2)], partitions });
    const kept = image.topics.get('b');
    const old = image.topics.get('a');
    const changed = image.apply({
      controllerId: 2,
      brokers: [broker(2)],
      partitions: update('a', 'A', state(2, 1)),
    });
    expect([...changed]).toEqual(['a']);
    expect(image.controllerId).toBe(2);
    expect(image.isAlive(1)).toBe(false);
    expect(image.isAlive(2)).toBe(true);
    expect(image.partition('a', 0)?.leader).toBe(2);
    expect(image.partition('a', 1)?.leader).toBe(2);
    expect(image.topics.get('b')).toBe(kept);
    expect(old?.partitions.get(0)?.leader).toBe(1);
  });

  it('forgets a topic when its last partition is deleted', () => {
    const image = new ClusterImage();
    const brokers = [broker(1)];
    image.apply({ controllerId: 1, brokers, partitions: update('a', 'A', state(1), state(1)) });
    const gone = state(LEADER_DURING_DELETE);
    image.apply({ controllerId: 1, brokers, partitions: update('a', 'A', gone) });
    expect(image.topics.get('a')?.partitions.size).toBe(1);
    image.apply({ controllerId: 1, brokers, partitions: update('a', 'A', gone, gone) });
    expect(image.topics.has('a')).toBe(false);
    expect(image.topicById('A')).toBeUndefined();
  });

  it('finds topics by id, and keeps nothing of an earlier topic of the same name', () => {
    const image = new ClusterImage();
    const brokers = [broker(1)];
    image.apply({ controllerId: 1, brokers, partitions: update('a', null, state(1), state(1)) });
    expect(image.topics.get('a')?.topicId).toBeNull();
    image.apply({ controllerId: 1, brokers, partitions: update('a', 'A', state(1)) });
    expect(image.topicById('A')?.partitions.size).toBe(2);
    image.apply({ controllerId: 1, brokers, partitions: update('a', 'B', state(1)) });
    expect(image.topicById('A')).toBeUndefined();
    expect(image.topicById('B')?.partitions.size).toBe(1);
  });
});
