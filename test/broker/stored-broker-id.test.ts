import { describe, expect, it } from '@jest/globals';
import { storedBrokerId } from '../../broker/cluster-connection.ts';
import { replaceFile } from '../../broker/log/files/atomic-file.ts';
import { ManualTime } from '../support/manual-time.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';

const META = 'meta.properties';
const LOG_DIRS = ['/d1', '/d2'];

async function diskWith(ids: Readonly<Record<string, number>>): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem(new ManualTime());
  for (const folder of LOG_DIRS) await files.makeFolder(folder);
  for (const [folder, id] of Object.entries(ids)) {
    const text = `version=0\nbroker.id=${String(id)}\n`;
    await replaceFile(files, { folder, name: META }, Buffer.from(text));
  }
  return files;
}

describe('the broker id that is stored', () => {
  it('is found in any of the log.dirs', async () => {
    expect(await storedBrokerId(LOG_DIRS, await diskWith({ '/d2': 1003 }))).toBe(1003);
    expect(await storedBrokerId(LOG_DIRS, await diskWith({}))).toBeNull();
  });

  it('is found though another log.dir cannot be read', async () => {
    const files = await diskWith({ '/d1': 1003, '/d2': 1003 });
    files.failNext('readFile', 'EIO', `/d1/${META}`);
    expect(await storedBrokerId(LOG_DIRS, files)).toBe(1003);
  });

  it('is not drawn anew where the log.dir that may have it cannot be read', async () => {
    const files = await diskWith({ '/d1': 1003 });
    files.failNext('readFile', 'EIO', `/d1/${META}`);
    await expect(storedBrokerId(LOG_DIRS, files)).rejects.toThrow('EIO');
  });
});
