/** Makes topics one after another, so that the controller has something to do when a fault comes. */

import { kafkaJs } from '../../interop/support/kafkajs-client.ts';
import { within } from './within.ts';

interface TopicWriter {
  /** The first is made. */
  readonly first: Promise<void>;
  /** How many were made: all, because each is asked for until it is there. */
  readonly made: Promise<number>;
}

const limitMs = 60_000;
let count = 0;

export function writeTopics(bootstrap: string, number: number): TopicWriter {
  const first = makeTopic(bootstrap);
  const made = first.then(async () => {
    for (let more = 1; more < number; more++) await makeTopic(bootstrap);
    return number;
  });
  // Who awaits them learns of it; a fault that fails before does not.
  made.catch(() => undefined);
  return { first, made };
}

/** Each attempt by a client of its own, which knows nothing of the controller before. */
async function makeTopic(bootstrap: string): Promise<void> {
  const topic = `made-${String(count++)}`;
  await within(limitMs, `topic ${topic} is made`, async () => {
    const retry = { initialRetryTime: 50, maxRetryTime: 200, retries: 2 };
    const times = { connectionTimeout: 1000, requestTimeout: 4000 };
    const admin = kafkaJs(bootstrap, { ...times, retry }).admin();
    await admin.connect();
    try {
      // False if it is there already: the answer was lost.
      await admin.createTopics({
        topics: [{ topic, numPartitions: 3, replicationFactor: 3 }],
        waitForLeaders: false,
        timeout: 3000,
      });
      return true;
    } finally {
      await admin.disconnect();
    }
  });
}
