import { electReassigned } from '../../cluster/leader-election.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { ControllerContext, VersionedState } from '../context.ts';
import type { NextState } from '../partition-machine.ts';
import { NO_LEADER } from '../partition-machine.ts';

/**
 * The state of a partition of which only the replicas `kept` stay. Null where what was acknowledged
 * might be lost with the others, or nobody who stays can lead now.
 */
export function narrowedState(
  context: ControllerContext,
  {
    item,
    state: { leader, isr, eligible },
    kept,
  }: {
    readonly item: TopicPartition;
    readonly state: VersionedState;
    readonly kept: readonly number[];
  },
): NextState | null {
  const staying = isr.filter((id) => kept.includes(id));
  if (staying.length === 0) return null;
  if (leader === NO_LEADER) {
    // Who will have been complete shows only when somebody can lead again.
    const isWhole = [...isr, ...eligible].every((id) => kept.includes(id));
    return isWhole ? { leader, isr } : null;
  }
  if (kept.includes(leader) && context.isOnline(leader, item)) return { leader, isr: staying };
  const isLive = (id: number): boolean =>
    context.isElectable(id, item) && !context.isInDoubt(id, item);
  return electReassigned({ replicas: kept, isr: staying, isLive });
}
