/** Which partition of __consumer_offsets holds a group. */

/**
 * Java's String.hashCode, its absolute value modulo the count: every broker and tool of a cluster
 * has to agree. The smallest int, which has no absolute value in Java, counts as 0 there.
 */
export function groupPartition(groupId: string, partitionCount: number): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index += 1) {
    hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0;
  }
  return hash === -0x80000000 ? 0 : Math.abs(hash) % partitionCount;
}
