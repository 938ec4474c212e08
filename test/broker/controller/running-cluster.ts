/** A controller's cluster for each test of a file: brokers 1 to n, of which 1 is the controller. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach } from '@jest/globals';
import { ControllerCluster, FakeBroker } from './cluster-fixture.ts';

export interface RunningCluster {
  readonly cluster: ControllerCluster;
  readonly broker: (id: number) => FakeBroker;
}

export function runningCluster(brokerCount: number): RunningCluster {
  let cluster: ControllerCluster | null = null;
  let brokers: FakeBroker[] = [];

  beforeEach(async () => {
    cluster = await ControllerCluster.start();
    brokers = Array.from({ length: brokerCount }, (_, index) => new FakeBroker(index + 1));
    for (const broker of brokers) await cluster.join(broker);
  });

  afterEach(async () => {
    await cluster?.stop();
    cluster = null;
  });

  return {
    get cluster(): ControllerCluster {
      assert(cluster !== null, 'a test is running');
      return cluster;
    },
    broker: (id) => {
      const broker = brokers[id - 1];
      assert(broker !== undefined, `there is a broker ${String(id)}`);
      return broker;
    },
  };
}
