/** What happens at a moment of a simulation, and in whose life. */

/** One life of a process, from its start until it is killed. */
export class Life {
  isDead = false;
  isStopped = false;
  /** Events that came while it was stopped. */
  readonly parked: ScheduledEvent[] = [];
}

export interface ScheduledEvent {
  readonly sequence: number;
  priority: number;
  atMs: number;
  readonly periodMs: number | null;
  readonly life: Life;
  readonly callback: () => void;
  isCancelled: boolean;
}
