/** Two resources for one topic: the older wins, by creation time and then by uid. */

export interface TopicClaim {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339 in UTC, so that text compares as time. */
  readonly creationTimestamp: string;
  readonly clusterName: string;
  readonly topicName: string;
}

/** The resource that keeps `claim` from its topic; null if the topic is its own. */
export function topicOwner(claim: TopicClaim, others: readonly TopicClaim[]): TopicClaim | null {
  const older = others
    .filter((other) => other.uid !== claim.uid)
    .filter((other) => other.clusterName === claim.clusterName)
    .filter((other) => other.topicName === claim.topicName)
    .filter((other) => compareAge(other, claim) < 0)
    .sort(compareAge);
  return older[0] ?? null;
}

function compareAge(left: TopicClaim, right: TopicClaim): number {
  return (
    compareText(left.creationTimestamp, right.creationTimestamp) || compareText(left.uid, right.uid)
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
