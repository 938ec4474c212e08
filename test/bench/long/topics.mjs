/** Topics of the long cells, made before they are used: with partitions and settings of their own. */

import { setTimeout as sleep } from 'node:timers/promises';

import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;
const limitMs = 180_000;

/**
 * @param {string} bootstrap
 * @param {{topic: string, partitions?: number, replicationFactor?: number, settings?: Record<string, string>}} wanted
 */
export async function createTopic(bootstrap, wanted) {
  const { topic, partitions = 1, replicationFactor = 1, settings = {} } = wanted;
  const kafka = new Kafka({
    brokers: bootstrap.split(','),
    requestTimeout: limitMs,
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await knowsController(admin);
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const topics = [{ topic, numPartitions: partitions, replicationFactor, configEntries }];
    await admin.createTopics({ topics, timeout: limitMs, waitForLeaders: false });
  } finally {
    await admin.disconnect();
  }
}

/** A broker answers before it has elected its controller, and kafkajs does not wait for that. */
async function knowsController(admin) {
  const deadline = performance.now() + limitMs;
  while ((await admin.describeCluster()).controller === null) {
    if (performance.now() > deadline) throw new Error('there is no controller');
    await sleep(50);
  }
}
