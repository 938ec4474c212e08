/** Sequence numbers of idempotent producers: they count to the largest int32 and go on at 0. */

const SEQUENCE_MAX = 0x7fffffff;

export function addToSequence(sequence: number, increment: number): number {
  const sum = sequence + increment;
  return sum > SEQUENCE_MAX ? sum - SEQUENCE_MAX - 1 : sum;
}

export function subtractFromSequence(sequence: number, decrement: number): number {
  const difference = sequence - decrement;
  return difference < 0 ? difference + SEQUENCE_MAX + 1 : difference;
}

/** Whether `next` is the one that follows `last`; -1, no sequence yet, is followed by 0. */
export function isNextSequence(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === SEQUENCE_MAX);
}
