import { describe, expect, it } from '@jest/globals';
import { ControllerContext } from '../../../broker/controller/context.ts';

describe('what the controller knows', () => {
  it('counts partitions without a live leader, those being deleted aside', () => {
    const context = new ControllerContext();
    const state = {
      leaderEpoch: 0,
      isr: [1],
      controllerEpoch: 1,
      partitionEpoch: 0,
      leaderRecoveryState: 0,
      eligible: [],
      mzxid: 0,
    };
    for (const topic of ['led', 'orphaned', 'new', 'going']) {
      context.setTopic(topic, {
        topicId: null,
        partitions: new Map([[0, [1]]]),
        addingReplicas: new Map(),
        removingReplicas: new Map(),
      });
    }
    const registration = {
      endpoints: [],
      rack: null,
      version: 5 as const,
      jmxPort: -1,
      timestampMs: 0,
    };
    context.brokers.set(1, { id: 1, epoch: 1, version: 0, registration });
    context.setState({ topic: 'led', partition: 0 }, { ...state, leader: 1 });
    context.setState({ topic: 'orphaned', partition: 0 }, { ...state, leader: 2 });
    context.setState({ topic: 'going', partition: 0 }, { ...state, leader: -1 });
    context.deleting.add('going');
    expect(context.offlinePartitionCount).toBe(2);
  });
});
