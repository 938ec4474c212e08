import { describe, expect, it } from '@jest/globals';
import { findPartitions } from '../../../../broker/log/volume/find-partitions.ts';
import { LogDirectory } from '../../../../broker/log/volume/log-directory.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { TestTime } from '../log-fixture.ts';

const FOREIGN = ['My Files-1', 'backup-2024', 'lost+found', 'notes.txt', 'photo-1'];

async function touch(fileSystem: MemoryFileSystem, path: string): Promise<void> {
  await (await fileSystem.open(path, 'write')).close();
}

describe('a log.dir', () => {
  it('keeps files and folders that are no partitions, and names them once', async () => {
    const fileSystem = new MemoryFileSystem(new TestTime());
    const logger = new CollectingLogger();
    for (const name of ['empty-0', 'full-1', 'My Files-1', 'backup-2024', 'lost+found']) {
      await fileSystem.makeFolder(`/d1/${name}`);
    }
    await touch(fileSystem, '/d1/full-1/00000000000000000000.log');
    await touch(fileSystem, '/d1/full-1/readme');
    for (const name of ['backup-2024/disk.img', 'notes.txt', 'photo-1']) {
      await touch(fileSystem, `/d1/${name}`);
    }
    const ours = ['.lock', 'meta.properties', 'recovery-point-offset-checkpoint.tmp'];
    for (const name of ours) await touch(fileSystem, `/d1/${name}`);
    const gone = `/d1/t-0.${'0'.repeat(32)}-delete`;
    await fileSystem.makeFolder(gone);
    expect(await findPartitions('/d1', { fileSystem, logger })).toEqual([
      { topic: 'empty', partition: 0 },
      { topic: 'full', partition: 1 },
    ]);
    expect(logger.alarms.map(({ fields }) => fields)).toEqual([
      { folder: '/d1', count: 5, names: FOREIGN },
    ]);
    expect(await fileSystem.list('/d1')).toEqual(expect.arrayContaining(FOREIGN));
    expect(await fileSystem.stat(gone)).toBeNull();
  });

  it.each([
    ['EROFS', 'its file system is mounted read-only'],
    ['EACCES', 'permission is denied'],
  ])('that is read-only (%s) is refused with the reason', async (code, why) => {
    const fileSystem = new MemoryFileSystem(new TestTime());
    fileSystem.failNext('lock', code, '/d1/.lock');
    const opening = LogDirectory.openLogDirectory({
      path: '/d1',
      brokerId: 1,
      clusterId: 'a',
      fileSystem,
    });
    await expect(opening).rejects.toMatchObject({
      code,
      message: `/d1 cannot be written: ${why}. Nothing in it was changed`,
    });
  });
});
