/** Waits for what another process does in its own time, and that no event tells of. */

import { setTimeout as sleep } from 'node:timers/promises';

const limitMs = 30_000;
const intervalMs = 20;

/** Rejects with `what` if it does not come about. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${String(limitMs)} ms: ${what}`);
    await sleep(intervalMs);
  }
}
