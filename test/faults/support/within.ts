/** Waits for what other processes do in their own time, and that no event tells of. */

import { setTimeout as sleep } from 'node:timers/promises';

const intervalMs = 50;

/**
 * The first answer that is neither null nor false. An attempt that fails counts as null, because what is asked may be
 * down just now; rejects after `limitMs` with `what` and the last failure.
 */
export async function within<T>(
  limitMs: number,
  what: string,
  attempt: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  let failure: unknown = undefined;
  while (Date.now() <= deadline) {
    try {
      const answer = await attempt();
      if (answer !== null && answer !== false) return answer;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await sleep(intervalMs);
  }
  throw new Error(`not within ${String(limitMs)} ms: ${what}`, { cause: failure });
}
