/**
 * Leaders below inter.broker.protocol.version 2.7 write their ISR themselves, and tell the controller
 * by a node below /isr_change_notification.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { paths } from '../../zookeeper/paths.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import { decodeIsrChange } from '../../zookeeper/znodes/requests.ts';
import { ignoreUnreadable } from '../events/ignore-unreadable.ts';
import type { Term } from '../term.ts';

/** Reads the states again, tells all brokers, and takes the notifications away. */
export async function takeIsrNotifications(term: Term, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { context, partitions, announcer } = term;
  const found = await Promise.all(names.map((name) => readOne(term, name)));
  const changed = found.flat().filter((item) => context.state(item) !== undefined);
  await partitions.load(changed);
  announcer.sendMetadata(changed);
  await Promise.all(names.map((name) => removeOne(term, name)));
}

async function readOne(
  { session, logger }: Term,
  name: string,
): Promise<readonly TopicPartition[]> {
  const path = `${paths.isrChanges}/${name}`;
  const node = await session.get(path);
  if (node === null) return [];
  try {
    return decodeIsrChange(node.data, path);
  } catch (error) {
    ignoreUnreadable(error, logger);
    return [];
  }
}

async function removeOne({ session }: Term, name: string): Promise<void> {
  try {
    await session.remove(`${paths.isrChanges}/${name}`, -1);
  } catch (error) {
    if (!(error instanceof ZooKeeperError) || error.code !== 'NO_NODE') throw error;
  }
}
