import type { BrokerConfig } from '../../config/broker-config.ts';

/** How leadership goes back to preferred replicas: auto.leader.rebalance.enable and what goes with it. */
export interface Rebalancing {
  readonly intervalMs: number;
  /** Of the partitions that a broker is preferred for, those that others may lead. */
  readonly percentageMax: number;
}

/** Null: it stays where it is. */
export function rebalancingOf(config: BrokerConfig): Rebalancing | null {
  if (!config.autoLeaderRebalanceEnable) return null;
  return {
    intervalMs: config.leaderImbalanceCheckIntervalSeconds * 1000,
    percentageMax: config.leaderImbalancePerBrokerPercentage,
  };
}
