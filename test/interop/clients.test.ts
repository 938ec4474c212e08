/**
 * Client libraries against the broker: kafkajs, librdkafka (as kcat), and the Java client in three
 * versions; what an application does with each, and that each reads what every other has written.
 */

import { afterAll, beforeAll, describe, jest } from '@jest/globals';
import { javaClients } from './clients/java-clients.ts';
import { kafkaJsClient } from './clients/kafkajs-client.ts';
import { librdkafkaClient } from './clients/librdkafka-client.ts';
import { mixedClients } from './clients/mixed-clients.ts';
import type { Cluster } from './support/cluster.ts';
import { oneBroker, startCluster, threeBrokers } from './support/cluster.ts';

jest.setTimeout(120_000);

describe.each([oneBroker, threeBrokers])('against $name', (deployment) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(deployment);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  kafkaJsClient(() => cluster);
  librdkafkaClient(() => cluster);
  javaClients(() => cluster);
  mixedClients(() => cluster);
});
