/** The cells of three brokers on one machine: what replication costs, and what fails over how fast. */

import { clusterProduceCell } from './cluster-produce.mjs';
import { controlledShutdownCell } from './controlled-shutdown.mjs';
import { controllerFailoverCell } from './controller-failover.mjs';
import { failoverCell } from './failover.mjs';

/** @type {readonly import('../long/long-cell.mjs').LongCell[]} */
export const clusterCells = [
  clusterProduceCell,
  failoverCell,
  controlledShutdownCell,
  controllerFailoverCell,
];
