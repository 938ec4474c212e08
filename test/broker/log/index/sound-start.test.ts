import { describe, expect, it } from '@jest/globals';
import { SegmentIndexes } from '../../../../broker/log/index/segment-indexes.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { TestTime } from '../log-fixture.ts';

const BASE = 1000;
const files = (fileSystem: MemoryFileSystem) => ({
  fileSystem,
  offsetIndexPath: '/a.index',
  timeIndexPath: '/a.timeindex',
});

/** Indexes with an entry for every tenth offset, in files that are longer than that. */
async function indexed(count: number) {
  const fileSystem = new MemoryFileSystem(new TestTime());
  const indexes = SegmentIndexes.empty(files(fileSystem), BASE);
  for (let entry = 1; entry <= count; entry += 1) {
    indexes.offsets.append(BASE + entry * 10, entry * 100);
    indexes.times.maybeAppend(entry, BASE + entry * 10);
  }
  await indexes.preallocate(1 << 20);
  await indexes.save({ trim: false });
  return fileSystem;
}

describe('indexes of a segment that was not closed', () => {
  it.each([1, 100, 8192, 20_000])('are read up to what was synced: %i entries', async (count) => {
    const fileSystem = await indexed(count);
    const segment = { baseOffset: BASE, size: count * 100 + 50 };
    const all = await SegmentIndexes.loadBefore(Infinity, files(fileSystem), segment);
    expect([all?.offsets.count, all?.times.count]).toEqual([count, count]);
    const end = BASE + count * 5 + 1;
    const half = await SegmentIndexes.loadBefore(end, files(fileSystem), segment);
    expect(half?.offsets.count ?? 0).toBe(Math.floor(count / 2));
    expect(half?.times.count ?? 0).toBe(Math.floor(count / 2));
    const short = { baseOffset: BASE, size: 501 };
    const cut = await SegmentIndexes.loadBefore(Infinity, files(fileSystem), short);
    expect(cut?.offsets.count).toBe(Math.min(5, count));
  });

  it('are not believed where the times are missing', async () => {
    const fileSystem = await indexed(10);
    const handle = await fileSystem.open('/a.timeindex', 'write');
    await handle.truncate(0);
    await handle.close();
    const segment = { baseOffset: BASE, size: 5000 };
    expect(await SegmentIndexes.loadBefore(Infinity, files(fileSystem), segment)).toBeNull();
  });
});
