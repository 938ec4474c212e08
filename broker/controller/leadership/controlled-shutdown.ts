/**
 * ControlledShutdown: a broker that is about to stop gives up what it leads, and leaves every ISR
 * that has another member. All states are written together. Partitions with one replica are not
 * counted: nothing can be done about them.
 */

import { electForShutdown } from '../../cluster/leader-election.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { VersionedState } from '../context.ts';
import type { NextState } from '../partition-machine.ts';
import type { Term } from '../term.ts';
import { topicsOf } from './leadership.ts';

export interface StoppingBroker {
  readonly brokerId: number;
  /** -1: not known. */
  readonly brokerEpoch: number;
}

/** What the broker still leads. Throws BROKER_NOT_AVAILABLE, STALE_BROKER_EPOCH. */
export async function shutDown(
  term: Term,
  { brokerId, brokerEpoch }: StoppingBroker,
): Promise<readonly TopicPartition[]> {
  const { context, partitions, settings, announcer, logger } = term;
  const broker = context.brokers.get(brokerId);
  if (broker === undefined) throw new KafkaError(ErrorCodes.BROKER_NOT_AVAILABLE);
  if (brokerEpoch !== -1 && brokerEpoch < broker.epoch) {
    throw new KafkaError(ErrorCodes.STALE_BROKER_EPOCH);
  }
  context.shuttingDown.add(brokerId);
  const leads = (item: TopicPartition): boolean => context.state(item)?.leader === brokerId;
  const hosted = context
    .hostedBy([brokerId])
    .filter((item) => context.replicas(item).length > 1 && !context.deleting.has(item.topic));
  const followed = hosted.filter((item) => !leads(item) && context.state(item) !== undefined);
  await settings.ready(topicsOf(hosted));
  const changed = await partitions.change(hosted, (item, state) =>
    withoutBroker(term, { item, state, brokerId }),
  );
  announcer.tellReplicas(changed);
  announcer.stopReplicas(brokerId, followed);
  announcer.sendMetadata(changed);
  const remaining = hosted.filter(leads);
  logger.info(
    { broker: brokerId, changed: changed.length, remaining: remaining.length },
    'a broker is about to stop',
  );
  return remaining;
}

function withoutBroker(
  { context }: Term,
  {
    item,
    state: { leader, isr },
    brokerId,
  }: {
    readonly item: TopicPartition;
    readonly state: VersionedState;
    readonly brokerId: number;
  },
): NextState | null {
  if (leader === brokerId) {
    const replicas = context.replicas(item);
    const isLive = (id: number): boolean => context.isElectable(id, item);
    return electForShutdown({ replicas, isr, isLive }, context.shuttingDown);
  }
  const staying = isr.filter((id) => id !== brokerId);
  // Of a partition without a leader nobody takes its place in the ISR.
  if (staying.length === isr.length || !staying.includes(leader)) return null;
  return { leader, isr: staying };
}
