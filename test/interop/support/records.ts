/** Records as the tests compare them, and as lines for the programs that write and read text. */

export interface TextRecord {
  readonly key: string;
  readonly value: string;
}

/** `count` records whose keys repeat, each value once: `<prefix>-0`, `<prefix>-1`... */
export function textRecords(prefix: string, count: number): readonly TextRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key${String(index % 7)}`,
    value: `${prefix}-${String(index)}`,
  }));
}

/** `key:value` lines, for a console producer and for kcat. */
export function toLines(records: readonly TextRecord[]): string {
  return records.map(({ key, value }) => `${key}:${value}\n`).join('');
}

/** The reverse of toLines. */
export function parseLines(output: string): readonly TextRecord[] {
  return linesOf(output).map((line) => {
    const [key = '', value = ''] = line.split(':');
    return { key, value };
  });
}

/** The lines of an output, without the last, empty one. */
export function linesOf(output: string): readonly string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** Records by key in the order in which they were seen: what a partition keeps, and all that Kafka promises. */
export function valuesByKey(
  records: readonly TextRecord[],
): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, string[]>();
  for (const { key, value } of records) {
    const values = byKey.get(key);
    if (values === undefined) byKey.set(key, [value]);
    else values.push(value);
  }
  return byKey;
}
