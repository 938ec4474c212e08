/** /admin/preferred_replica_election, which the tools of 2.8 make; it goes when the election is done. */

import { paths } from '../../zookeeper/paths.ts';
import type { NodeData } from '../../zookeeper/port.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import { decodePreferredElection } from '../../zookeeper/znodes/requests.ts';
import { ignoreUnreadable } from '../events/ignore-unreadable.ts';
import type { Term } from '../term.ts';
import { electOnRequest } from './requested-elections.ts';

export async function takePreferredElection(term: Term, node: NodeData | null): Promise<void> {
  if (node === null) return;
  const { session, logger } = term;
  try {
    const partitions = decodePreferredElection(node.data, paths.preferredElection);
    await electOnRequest(term, 'preferred', partitions);
  } catch (error) {
    ignoreUnreadable(error, logger);
  }
  try {
    await session.remove(paths.preferredElection, node.stat.version);
  } catch (error) {
    // Taken away by somebody, or written anew: then it is an election of its own.
    const isOther =
      error instanceof ZooKeeperError && ['NO_NODE', 'BAD_VERSION'].includes(error.code);
    if (!isOther) throw error;
  }
}
