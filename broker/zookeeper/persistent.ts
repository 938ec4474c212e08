/** Makes persistent nodes that may be there already, with their parents. */

import type { ZooKeeperSession } from './port.ts';
import { ZooKeeperError } from './port.ts';

/**
 * Makes the node, without data, and those above it. Parents are tried first only where the node
 * itself cannot be made, so what exists costs one call.
 */
export async function ensurePath(session: ZooKeeperSession, path: string): Promise<void> {
  try {
    await session.create(path, null);
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
    if (error.code === 'NODE_EXISTS') return;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (error.code !== 'NO_NODE' || parent === '') throw error;
    await ensurePath(session, parent);
    await ensurePath(session, path);
  }
}

/** Makes all of them; they may name each other's parents in any order. */
export async function ensurePaths(
  session: ZooKeeperSession,
  wanted: readonly string[],
): Promise<void> {
  await Promise.all(wanted.map((path) => ensurePath(session, path)));
}
