/** The cells that take minutes, gigabytes or a machine of their own. */

import { clusterCells } from '../cluster/cluster-cells.mjs';
import { coldCell } from './cold.mjs';
import { partitionsCell } from './partitions.mjs';
import { recoveryCell } from './recovery.mjs';
import { slowDiskCell } from './slow-disk.mjs';

/** @type {readonly import('./long-cell.mjs').LongCell[]} */
export const longCells = [partitionsCell, recoveryCell, coldCell, slowDiskCell, ...clusterCells];
