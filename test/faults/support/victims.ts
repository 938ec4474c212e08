/** Whom a fault hits. */

import { partitions } from '../load/load.ts';
import type { FaultContext } from './describe-fault.ts';

/** A broker that leads a partition of the topic and has no other office. */
export async function leaderThatIsNotController({ cluster, topic }: FaultContext): Promise<number> {
  const controller = await cluster.controllerId();
  for (const partition of partitions) {
    const leader = await cluster.leaderOf(topic, partition);
    if (leader !== controller) return leader;
  }
  throw new Error('the controller leads everything');
}
