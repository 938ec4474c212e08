/**
 * Who leads a partition, and with which ISR: Kafka's four elections. All are functions of the
 * assignment (the preferred leader first), the ISR and the live brokers; null is "nobody can".
 */

export interface ElectionInput {
  /** Replicas in the order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly isLive: (brokerId: number) => boolean;
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
 * For a partition whose leader is gone: the first live replica of the ISR. With
 * `unclean.leader.election.enable` any live replica will do if there is none.
 */
export function electOffline(input: ElectionInput, uncleanAllowed: boolean): Election | null {
  const { replicas, isr, isLive } = input;
  const inSync = replicas.find((id) => isLive(id) && isr.includes(id));
  if (inSync !== undefined) return { leader: inSync, isr: isr.filter(isLive), isUnclean: false };
  const anyLive = uncleanAllowed ? replicas.find(isLive) : undefined;
  return anyLive === undefined ? null : { leader: anyLive, isr: [anyLive], isUnclean: true };
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
