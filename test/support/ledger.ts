/**
 * The acknowledgement ledger: what a producer was told is written, against what is read afterwards.
 * Every value is produced once and is like no other, so a value that is read twice is a duplicate.
 */

export interface LedgerRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

export interface LedgerAudit {
  readonly acknowledged: number;
  /** Acknowledged, and not read at exactly the offset of the acknowledgement. */
  readonly lost: readonly LedgerRecord[];
  /** Values read at more than one place. */
  readonly duplicated: readonly string[];
}

export class Ledger {
  readonly #acknowledged: LedgerRecord[] = [];
  readonly #sizes = new Map<number, number>();
  readonly #waiting = new Set<() => void>();

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

  audit(read: readonly LedgerRecord[]): LedgerAudit {
    const places = new Map(read.map((record) => [placeOf(record), record.value]));
    const seen = new Set<string>();
    const duplicated = read.map(({ value }) => value).filter((value) => !isNew(seen, value));
    const lost = this.#acknowledged.filter((each) => places.get(placeOf(each)) !== each.value);
    return { acknowledged: this.size, lost, duplicated };
  }

  #sizeOf(partition: number): number {
    return this.#sizes.get(partition) ?? 0;
  }
}

function placeOf({ partition, offset }: LedgerRecord): string {
  return `${String(partition)}/${String(offset)}`;
}

function isNew(seen: Set<string>, value: string): boolean {
  if (seen.has(value)) return false;
  seen.add(value);
  return true;
}
