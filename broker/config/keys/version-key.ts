/** Versions of Kafka as configuration writes them: `2.8`, `2.8.1`, `2.8-IV1`, `0.11.0-IV2`. */

import { matching } from '../allowed.ts';

/** 0.8 to 3.9, as a broker with ZooKeeper knows them. */
export const kafkaVersion = matching(
  'a version of Kafka from 0.8.0 to 3.9, such as 2.8 or 2.8-IV1',
  /^(?:0\.(?:8|9|10|11)|[1-3]\.\d)(?:\.\d+)*(?:-IV\d)?$/,
);
