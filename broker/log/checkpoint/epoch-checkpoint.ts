/** The text of `leader-epoch-checkpoint`: `0\n<count>\n`, then `<epoch> <startOffset>\n` per entry. */

export const EPOCH_CHECKPOINT_FILE = 'leader-epoch-checkpoint';

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export function encodeEpochs(entries: readonly EpochStart[]): Buffer {
  const lines = entries.map(
    ({ epoch, startOffset }) => `${String(epoch)} ${String(startOffset)}\n`,
  );
  return Buffer.from(`0\n${String(entries.length)}\n${lines.join('')}`);
}

/** An empty file, as one is before its first write, has no entries; null: the text is damaged. */
export function decodeEpochs(bytes: Buffer): readonly EpochStart[] | null {
  if (bytes.length === 0) return [];
  const [version, count, ...lines] = bytes.toString('latin1').trimEnd().split('\n');
  if (version?.trim() !== '0' || Number(count) !== lines.length) return null;
  const entries: EpochStart[] = [];
  for (const line of lines) {
    const match = /^(\d+) (\d+)\s*$/.exec(line);
    if (match === null) return null;
    entries.push({ epoch: Number(match[1]), startOffset: Number(match[2]) });
  }
  return entries;
}
