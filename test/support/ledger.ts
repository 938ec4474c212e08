/**
 * The acknowledgement ledger: what a producer was told is written, against what is read afterwards.
 * Every value is produced once and is like no other, so a value that is read twice is a duplicate.
 */

export interface LedgerRecord {
  readonly partition: number;
  /** Below 0 in an acknowledgement: the producer was not told where. */
  readonly offset: number;
  readonly value: string;
}

export interface LedgerAudit {
  readonly acknowledged: number;
  /** Acknowledged, and not read at exactly the offset of the acknowledgement, or anywhere in the partition. */
  readonly lost: readonly LedgerRecord[];
  /** Values read at more than one place. */
  readonly duplicated: readonly string[];
  /** Values first read behind one that their producer has sent later to the same partition. */
  readonly outOfOrder: readonly string[];
}

/** When a value was sent: its place among all that its producer has sent to that partition. */
export interface Sent {
  readonly producer: string;
  readonly number: number;
}

export class Ledger {
  readonly #acknowledged: LedgerRecord[] = [];
  readonly #sizes = new Map<number, number>();
  readonly #waiting = new Set<() => void>();
  readonly #sentOf: (value: string) => Sent | null;

  /** Without `sentOf` nothing is ever out of order. */
  constructor(sentOf: (value: string) => Sent | null = () => null) {
    this.#sentOf = sentOf;
  }

  get size(): number {
    return this.#acknowledged.length;
  }

  acknowledge(records: readonly LedgerRecord[]): void {
    this.#acknowledged.push(...records);
    for (const { partition } of records) this.#sizes.set(partition, this.#sizeOf(partition) + 1);
    for (const look of this.#waiting) look();
  }

  /** Resolves once each of these partitions has `count` acknowledgements more than now. */
  grows(partitions: readonly number[], count: number): Promise<void> {
    const goals = partitions.map(
      (partition) => [partition, this.#sizeOf(partition) + count] as const,
    );
    return new Promise((resolve) => {
      const look = (): void => {
        if (goals.some(([partition, goal]) => this.#sizeOf(partition) < goal)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** `read` in the order of offsets within each partition. */
  audit(read: readonly LedgerRecord[]): LedgerAudit {
    const places = new Map(read.map((record) => [placeOf(record), record.value]));
    const values = new Set(read.map(valueIn));
    const isThere = (record: LedgerRecord): boolean =>
      record.offset < 0
        ? values.has(valueIn(record))
        : places.get(placeOf(record)) === record.value;
    const seen = new Set<string>();
    const duplicated = read.map(({ value }) => value).filter((value) => !isNew(seen, value));
    const lost = this.#acknowledged.filter((each) => !isThere(each));
    return { acknowledged: this.size, lost, duplicated, outOfOrder: this.#outOfOrder(read) };
  }

  #outOfOrder(read: readonly LedgerRecord[]): readonly string[] {
    const seen = new Set<string>();
    const highest = new Map<string, number>();
    const outOfOrder: string[] = [];
    for (const { partition, value } of read) {
      const sent = this.#sentOf(value);
      // The second of two equal values is a duplicate, and that is said already.
      if (sent === null || !isNew(seen, value)) continue;
      const sequence = `${sent.producer}/${String(partition)}`;
      const before = highest.get(sequence) ?? -1;
      if (sent.number < before) outOfOrder.push(value);
      else highest.set(sequence, sent.number);
    }
    return outOfOrder;
  }

  #sizeOf(partition: number): number {
    return this.#sizes.get(partition) ?? 0;
  }
}

function placeOf({ partition, offset }: LedgerRecord): string {
  return `${String(partition)}/${String(offset)}`;
}

function valueIn({ partition, value }: LedgerRecord): string {
  return `${String(partition)}/${value}`;
}

function isNew(seen: Set<string>, value: string): boolean {
  if (seen.has(value)) return false;
  seen.add(value);
  return true;
}
