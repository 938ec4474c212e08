/**
 * Who leads a partition, and with which ISR: Kafka's four elections. All are functions of the
 * assignment (the preferred leader first), the ISR and the live brokers; null is "nobody can".
 *
 * Beyond Kafka, replicas may be in doubt: they came back from a stop that may have cost them records
 * (KIP-966's "last replica standing"). Those are passed over for replicas that are known to be
 * complete, and waited with while such a replica may still come back.
 */

export interface ElectionInput {
  /** Replicas in the order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** It lives, can be reached and is not about to stop. */
  readonly isLive: (brokerId: number) => boolean;
}

export interface OfflineElectionInput extends ElectionInput {
  /** It may lack acknowledged records although it is a member of the ISR. */
  readonly isInDoubt: (brokerId: number) => boolean;
  /** Not in the ISR any more, yet they have every record that acks=all has acknowledged. */
  readonly eligible: readonly number[];
}

export interface Election {
  readonly leader: number;
  readonly isr: readonly number[];
  /** The leader was not in the ISR: what only the others had is lost. */
  readonly isUnclean: boolean;
}

/** For a partition that never had a leader: every live replica is in sync, for all are empty. */
export function electFirstLeader({
  replicas,
  isLive,
}: Omit<ElectionInput, 'isr'>): Election | null {
  const isr = replicas.filter(isLive);
  const [leader] = isr;
  return leader === undefined ? null : { leader, isr, isUnclean: false };
}

/**
 * For a partition whose leader is gone: the first live replica of the ISR that is not in doubt. With
 * all of the ISR in doubt, a complete replica from before goes first, then one in doubt. Nobody, as
 * long as a replica that may be more complete is away: with `uncleanAllowed`
 * (`unclean.leader.election.enable`, or an election that was asked for) nobody is waited for, and in
 * the end any live replica will do.
 */
export function electOffline(
  input: OfflineElectionInput,
  uncleanAllowed: boolean,
): Election | null {
  const { replicas, isr, eligible, isLive, isInDoubt } = input;
  const complete = isr.filter((id) => isLive(id) && !isInDoubt(id));
  const inSync = replicas.find((id) => complete.includes(id));
  if (inSync !== undefined) return { leader: inSync, isr: complete, isUnclean: false };
  const only = (leader: number | undefined, isUnclean: boolean): Election | null =>
    leader === undefined ? null : { leader, isr: [leader], isUnclean };
  const isAwaited = (id: number): boolean => !isLive(id) && !isInDoubt(id);
  if (!uncleanAllowed && isr.some(isAwaited)) return null;
  // All that lived through it in the ISR is in doubt, or the rest is given up.
  const standing = replicas.find((id) => eligible.includes(id) && isLive(id) && !isInDoubt(id));
  if (standing !== undefined) return only(standing, isr.some(isAwaited));
  if (!uncleanAllowed && eligible.some(isAwaited)) return null;
  const doubtful = replicas.find((id) => isLive(id) && isr.includes(id));
  if (doubtful !== undefined) return only(doubtful, isr.some(isAwaited));
  return uncleanAllowed ? only(replicas.find(isLive), true) : null;
}

/** For a partition that goes back to its preferred leader; the ISR stays. */
export function electPreferred({ replicas, isr, isLive }: ElectionInput): Election | null {
  const [preferred] = replicas;
  if (preferred === undefined || !isLive(preferred) || !isr.includes(preferred)) return null;
  return { leader: preferred, isr, isUnclean: false };
}

/** For a reassignment: `replicas` are those of the target; the ISR stays. */
export function electReassigned({ replicas, isr, isLive }: ElectionInput): Election | null {
  const leader = replicas.find((id) => isLive(id) && isr.includes(id));
  return leader === undefined ? null : { leader, isr, isUnclean: false };
}

/** For brokers that are about to stop: they neither lead nor stay in the ISR. */
export function electForShutdown(
  { replicas, isr, isLive }: ElectionInput,
  stopping: ReadonlySet<number>,
): Election | null {
  const staying = isr.filter((id) => !stopping.has(id));
  const leader = replicas.find((id) => isLive(id) && staying.includes(id));
  return leader === undefined ? null : { leader, isr: staying, isUnclean: false };
}

/**
 * Who is eligible once the ISR of a state becomes `isr`: members that left it while it was, or got,
 * smaller than min.insync.replicas. Since then no write with acks=all has been acknowledged.
 */
export function eligibleAfter(
  before: Pick<OfflineElectionInput, 'isr' | 'eligible' | 'isInDoubt'>,
  next: {
    readonly isr: readonly number[];
    readonly replicas: readonly number[];
    readonly minInSync: number;
  },
): readonly number[] {
  if (next.isr.length >= next.minInSync) return [];
  const standing = before.isr.length >= next.minInSync ? [] : before.eligible;
  return [...new Set([...standing, ...before.isr])].filter(
    (id) => next.replicas.includes(id) && !next.isr.includes(id) && !before.isInDoubt(id),
  );
}
