import { describe, expect, it } from '@jest/globals';
import { finishSwaps } from '../../../../broker/log/compaction/finish-swaps.ts';
import { offsetFileName } from '../../../../broker/log/files/file-names.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { patchBatch } from '../../../../broker/records/batch-header.ts';
import { batchOf, FOLDER, LogFixture } from '../log-fixture.ts';

/** A segment with batches of one record at these offsets. */
function segmentOf(...offsets: readonly number[]): Buffer {
  return Buffer.concat(
    offsets.map((baseOffset) => {
      const { buffer } = batchOf({});
      patchBatch(buffer, 0, { baseOffset, partitionLeaderEpoch: 0 });
      return buffer;
    }),
  );
}

async function finish(files: Readonly<Record<string, Buffer>>) {
  const fixture = new LogFixture();
  for (const [name, content] of Object.entries(files)) await fixture.write(name, content);
  const { fileSystem } = fixture;
  const names = await fileSystem.list(FOLDER);
  const left = await finishSwaps({ folder: FOLDER, names, fileSystem, logger: silentLogger });
  expect(left).toEqual(await fileSystem.list(FOLDER));
  return { fixture, left };
}

const log = (offset: number, change = '') => offsetFileName(offset, `.log${change}`);
const index = (offset: number, change = '') => offsetFileName(offset, `.index${change}`);

describe('finishing what a compaction had begun', () => {
  it('puts a swap in the place of the segments that it covers', async () => {
    const compacted = segmentOf(3, 25);
    const { fixture, left } = await finish({
      [log(0, '.swap')]: compacted,
      [index(0, '.swap')]: Buffer.alloc(8),
      [log(0)]: segmentOf(0, 1, 2, 3),
      [index(0)]: Buffer.alloc(16),
      [log(10, '.deleted')]: segmentOf(10),
      [log(20)]: segmentOf(20, 25),
      [index(20)]: Buffer.alloc(0),
      [log(30)]: segmentOf(30),
      [index(30)]: Buffer.alloc(0),
    });
    expect(left).toEqual([index(0), log(0), log(10, '.deleted'), index(30), log(30)]);
    expect(await fixture.read(log(0))).toEqual(compacted);
    expect((await fixture.read(index(0))).length).toBe(8);
  });

  it('goes on where the .log has its name and the indexes do not', async () => {
    const { left } = await finish({
      [log(0)]: segmentOf(0),
      [index(0, '.swap')]: Buffer.alloc(8),
      [index(10, '.swap')]: Buffer.alloc(8),
    });
    expect(left).toEqual([index(0), log(0)]);
  });

  it('drops results that were not complete', async () => {
    const old = segmentOf(0, 1, 2);
    const { fixture, left } = await finish({
      [log(0)]: old,
      [index(0, '.swap')]: Buffer.alloc(8),
      [log(0, '.cleaned')]: segmentOf(2),
    });
    expect(left).toEqual([log(0)]);
    expect(await fixture.read(log(0))).toEqual(old);
  });

  it('drops the second half of a split whose first half was not complete', async () => {
    const { left } = await finish({
      [log(0)]: segmentOf(0, 50),
      [log(0, '.cleaned')]: segmentOf(0),
      [log(50, '.swap')]: segmentOf(50),
    });
    expect(left).toEqual([log(0)]);
  });

  it('finishes a split', async () => {
    const { fixture, left } = await finish({
      [log(0)]: segmentOf(0, 50),
      [log(0, '.swap')]: segmentOf(0),
      [log(50, '.swap')]: segmentOf(50),
    });
    expect(left).toEqual([log(0), log(50)]);
    expect(await fixture.read(log(0))).toEqual(segmentOf(0));
  });

  it('drops a damaged result while all that it was made of is there', async () => {
    const damaged = segmentOf(0, 2);
    damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70);
    const { left } = await finish({
      [log(0)]: segmentOf(0, 1, 2),
      [log(0, '.swap')]: damaged,
      [index(0, '.swap')]: Buffer.alloc(8),
    });
    expect(left).toEqual([log(0)]);
  });

  it('leaves files alone that only have the ending', async () => {
    const files = { 'mine.swap': Buffer.from('x'), 'mine.log.cleaned': Buffer.from('x') };
    const { left } = await finish(files);
    expect(left).toEqual(['mine.log.cleaned', 'mine.swap']);
  });
});
