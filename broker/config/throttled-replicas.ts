/** Topics' lists of throttled replicas: `*`, or pairs `partition:broker`. */

export type ThrottledReplicas = 'all' | ReadonlySet<string>;

const none: ReadonlySet<string> = new Set();

/** Of a list that has passed its check. */
export function throttledReplicas(elements: readonly string[]): ThrottledReplicas {
  if (elements.length === 0) return none;
  if (elements.includes('*')) return 'all';
  return new Set(elements.map((pair) => pair.split(':').map(Number).join(':')));
}

export function isThrottledReplica(
  replicas: ThrottledReplicas,
  partition: number,
  brokerId: number,
): boolean {
  if (replicas === 'all') return true;
  return replicas.size > 0 && replicas.has(`${String(partition)}:${String(brokerId)}`);
}
