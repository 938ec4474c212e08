import { describe, expect, it } from '@jest/globals';
import { writeWhole } from '../../../../broker/log/files/atomic-file.ts';
import { PreloadedFiles } from '../../../../broker/log/files/preloaded-files.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';

const FOLDER = '/data/topic-0';

async function preloaded(): Promise<{ disk: MemoryFileSystem; files: PreloadedFiles }> {
  const disk = new MemoryFileSystem(new ManualTime());
  await disk.makeFolder(FOLDER);
  await writeWhole(disk, `${FOLDER}/small`, Buffer.from('old'));
  await writeWhole(disk, `${FOLDER}/large`, Buffer.alloc(100_000, 7));
  const files = new PreloadedFiles(disk);
  await files.preload(FOLDER);
  return { disk, files };
}

describe('files that were read beforehand', () => {
  it('are answered for without the disk, small ones with their content', async () => {
    const { disk, files } = await preloaded();
    await disk.removeFolder(FOLDER);
    expect(await files.list(FOLDER)).toEqual(['large', 'small']);
    expect((await files.stat(`${FOLDER}/large`))?.size).toBe(100_000);
    expect(await files.stat(`${FOLDER}/none`)).toBeNull();
    expect((await files.readFile(`${FOLDER}/small`)).toString()).toBe('old');
    const handle = await files.open(`${FOLDER}/small`, 'read');
    const target = Buffer.alloc(10);
    expect(await handle.read(target, 1)).toBe(2);
    expect(await handle.read(target, 4)).toBe(0);
    await expect(files.readFile(`${FOLDER}/large`)).rejects.toThrow('ENOENT');
  });

  it('are forgotten with the first change of their folder, and when they are dropped', async () => {
    const { disk, files } = await preloaded();
    await writeWhole(files, `${FOLDER}/small`, Buffer.from('new'));
    expect((await files.readFile(`${FOLDER}/small`)).toString()).toBe('new');
    await files.preload(FOLDER);
    await writeWhole(disk, `${FOLDER}/small`, Buffer.from('newer'));
    expect((await files.readFile(`${FOLDER}/small`)).toString()).toBe('new');
    files.drop(FOLDER);
    expect((await files.readFile(`${FOLDER}/small`)).toString()).toBe('newer');
  });

  it('need no folder to be there', async () => {
    const { files } = await preloaded();
    await files.preload('/data/none-0');
    await files.makeFolder('/data/none-0');
    expect(await files.list('/data/none-0')).toEqual([]);
  });
});
