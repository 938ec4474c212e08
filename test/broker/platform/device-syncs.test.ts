import { mkdir, open, statfs } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../broker/platform/clock.ts';
import { DeviceSyncs } from '../../../broker/platform/device-syncs.ts';
import { libcAvailable, syncFileSystem } from '../../../broker/platform/libc.ts';
import { NodeFileSystem } from '../../../broker/platform/node-file-system.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const temporaryFolder = temporaryFolders();
const TMPFS = 0x01021994;

function openSyncs(
  folder: string,
  syncAll?: (fd: number) => Promise<boolean>,
): Promise<DeviceSyncs | null> {
  const onClosed = (): void => undefined;
  return DeviceSyncs.open(folder, syncAll === undefined ? { onClosed } : { onClosed, syncAll });
}

describe('syncs of a device', () => {
  it('are made together once they have begun', async () => {
    const syncs = await openSyncs(await temporaryFolder());
    if (syncs === null) return;
    let singleCount = 0;
    const single = (): Promise<void> => {
      singleCount += 1;
      return Promise.resolve();
    };
    await syncs.sync(single);
    expect(singleCount).toBe(1);
    syncs.begin();
    await Promise.all(Array.from({ length: 50 }, () => syncs.sync(single)));
    expect(singleCount).toBe(1);
    await syncs.close();
    await syncs.sync(single);
    expect(singleCount).toBe(2);
  });

  it('are made one by one for good after one that failed', async () => {
    const answers = [false, true, true];
    const syncs = await openSyncs(await temporaryFolder(), () =>
      Promise.resolve(answers.shift() === true),
    );
    if (syncs === null) return;
    syncs.begin();
    const failure = new Error('EIO');
    let count = 0;
    const single = (): Promise<void> => {
      count += 1;
      return count === 2 ? Promise.reject(failure) : Promise.resolve();
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => syncs.sync(single)));
    expect(results.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: failure },
    ]);
    expect(count).toBe(3);
    // The kernel has told of the failure, and would not again.
    await syncs.sync(single);
    expect([count, answers]).toEqual([4, [true, true]]);
    await syncs.close();
  });

  it('are not offered for a file system that is not known for them', async () => {
    const folder = '/dev/shm';
    const type = await statfs(folder).then(
      (found) => found.type,
      () => null,
    );
    const isOffered = type === TMPFS && (await openSyncs(folder)) !== null;
    expect(isOffered).toBe(false);
  });

  it('serve files and folders of the file system below which they were opened', async () => {
    const folder = await temporaryFolder();
    const files = new NodeFileSystem({ clock: systemClock });
    const syncs = await files.openSharedSyncs(folder);
    syncs?.begin();
    await mkdir(`${folder}/a`);
    const handle = await files.open(`${folder}/a/file`, 'write');
    await handle.write([Buffer.from('data')], 0);
    await Promise.all([handle.sync(), files.syncFolder(`${folder}/a`)]);
    await handle.close();
    expect((await files.readFile(`${folder}/a/file`)).toString()).toBe('data');
    await syncs?.close();
    await files.syncFolder(folder);
  });

  it('say whether the kernel took them', async () => {
    if (!libcAvailable()) return;
    const folder = await open(await temporaryFolder());
    expect(await syncFileSystem(folder.fd)).toBe(true);
    await folder.close();
    expect(await syncFileSystem(-1)).toBe(false);
  });
});
