/** What every file system behind the port does; run on Node's and on the twin in memory. */

/* eslint-disable jest/no-export, jest/valid-title -- one suite for several implementations */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import { fileErrorCode } from '../../../broker/platform/file-system.ts';

export interface Subject {
  readonly files: FileSystem;
  /** An empty folder for one test. */
  readonly folder: string;
  readonly dispose: () => Promise<void>;
}

export function describeFileSystem(name: string, create: () => Promise<Subject>): void {
  describe(name, () => {
    let files: FileSystem;
    let folder: string;
    let subject: Subject;

    beforeEach(async () => {
      subject = await create();
      ({ files, folder } = subject);
    });
    afterEach(async () => {
      await subject.dispose();
    });

    const write = async (path: string, content: string): Promise<void> => {
      const handle = await files.open(path, 'write');
      await handle.write([Buffer.from(content)], 0);
      await handle.close();
    };
    const text = async (path: string): Promise<string> => (await files.readFile(path)).toString();

    it('creates what is opened for writing and keeps what it holds', async () => {
      await write(`${folder}/a`, 'hello');
      const handle = await files.open(`${folder}/a`, 'write');
      expect(await handle.size()).toBe(5);
      await handle.write([Buffer.from('E')], 1);
      await handle.close();
      expect(await text(`${folder}/a`)).toBe('hEllo');
    });

    it('writes many buffers one after the other, empty ones too', async () => {
      const handle = await files.open(`${folder}/a`, 'write');
      const buffers = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(index % 7, index));
      await handle.write([...buffers, Buffer.alloc(0)], 10);
      await handle.write([], 0);
      await handle.close();
      const expected = Buffer.concat([Buffer.alloc(10), ...buffers]);
      expect((await files.readFile(`${folder}/a`)).equals(expected)).toBe(true);
    });

    it('takes writes that are not waited for, in their order', async () => {
      const handle = await files.open(`${folder}/a`, 'write');
      const writes = ['one', 'two', 'three'].map((word) => handle.write([Buffer.from(word)], 0));
      for (const write of writes) await write;
      await handle.close();
      expect(await text(`${folder}/a`)).toBe('three');
    });

    it('fills holes with zeros', async () => {
      const handle = await files.open(`${folder}/a`, 'write');
      await handle.write([Buffer.from('end')], 10_000);
      const target = Buffer.alloc(20, 1);
      expect(await handle.read(target, 9990)).toBe(13);
      expect(target.subarray(0, 13).toString('latin1')).toBe(`${'\0'.repeat(10)}end`);
      await handle.close();
    });

    it('reads less only at the end of the file', async () => {
      await write(`${folder}/a`, 'hello');
      const handle = await files.open(`${folder}/a`, 'read');
      const target = Buffer.alloc(4);
      expect(await handle.read(target, 0)).toBe(4);
      expect(target.toString()).toBe('hell');
      expect(await handle.read(target, 3)).toBe(2);
      expect(await handle.read(target, 5)).toBe(0);
      expect(await handle.read(target, 500)).toBe(0);
      await handle.close();
    });

    it('truncates, and grows with zeros', async () => {
      await write(`${folder}/a`, 'hello');
      const handle = await files.open(`${folder}/a`, 'write');
      await handle.truncate(2);
      await handle.truncate(4);
      expect(await handle.size()).toBe(4);
      await handle.sync();
      await handle.close();
      expect(await text(`${folder}/a`)).toBe('he\0\0');
    });

    it('keeps an open file readable after it was removed or replaced', async () => {
      await write(`${folder}/a`, 'hello');
      await write(`${folder}/b`, 'other');
      const handle = await files.open(`${folder}/a`, 'read');
      await files.rename(`${folder}/b`, `${folder}/a`);
      await files.remove(`${folder}/a`);
      const target = Buffer.alloc(5);
      expect(await handle.read(target, 0)).toBe(5);
      expect(target.toString()).toBe('hello');
      await handle.close();
      expect(await files.list(folder)).toEqual([]);
    });

    it('lists names sorted, and folders among them', async () => {
      await files.makeFolder(`${folder}/b/c`);
      await files.makeFolder(`${folder}/b`);
      await write(`${folder}/a`, '');
      await write(`${folder}/B`, '');
      expect(await files.list(folder)).toEqual(['B', 'a', 'b']);
      expect(await files.list(`${folder}/b`)).toEqual(['c']);
    });

    it('reads the small files of a folder in one step', async () => {
      await files.makeFolder(`${folder}/b`);
      await write(`${folder}/a`, 'hello');
      await write(`${folder}/c`, 'too large');
      const { names, files: found } = await files.readFolder(folder, 5);
      expect(names).toEqual(['a', 'b', 'c']);
      expect(found.get('a')).toMatchObject({ size: 5, bytes: Buffer.from('hello') });
      expect(found.get('b')).toMatchObject({ isFolder: true, bytes: null });
      expect(found.get('c')).toMatchObject({ size: 9, bytes: null });
      expect(await files.readFolder(folder, null)).toMatchObject({ names, files: new Map() });
      for (const [path, code] of [
        ['a', 'ENOTDIR'],
        ['none', 'ENOENT'],
      ]) {
        const reading = files.readFolder(`${folder}/${String(path)}`, 5);
        await expect(reading).rejects.toMatchObject({ code });
      }
    });

    it('says what a path is', async () => {
      await write(`${folder}/a`, 'hello');
      expect(await files.stat(`${folder}/a`)).toMatchObject({ size: 5, isFolder: false });
      expect(await files.stat(folder)).toMatchObject({ isFolder: true });
      expect(await files.stat(`${folder}/none`)).toBeNull();
      expect(await files.stat(`${folder}/a/below`)).toBeNull();
    });

    it('renames files and whole folders', async () => {
      await files.makeFolder(`${folder}/old`);
      await write(`${folder}/old/a`, 'hello');
      await files.rename(`${folder}/old`, `${folder}/new`);
      await files.rename(`${folder}/new/a`, `${folder}/new/b`);
      await files.syncFolder(folder);
      expect(await text(`${folder}/new/b`)).toBe('hello');
      expect(await files.list(folder)).toEqual(['new']);
    });

    it('removes what is there and minds nothing that is not', async () => {
      await files.makeFolder(`${folder}/deep/er`);
      await write(`${folder}/deep/er/a`, 'hello');
      await files.removeFolder(`${folder}/deep`);
      await files.removeFolder(`${folder}/deep`);
      await files.remove(`${folder}/none`);
      expect(await files.list(folder)).toEqual([]);
    });

    it('fails with the codes of Node', async () => {
      await files.makeFolder(`${folder}/full/x`);
      await write(`${folder}/a`, 'hello');
      const code = async (call: Promise<unknown>): Promise<unknown> =>
        call.then(
          () => 'none',
          (error: unknown) => fileErrorCode(error),
        );
      expect(await code(files.open(`${folder}/none`, 'read'))).toBe('ENOENT');
      expect(await code(files.open(`${folder}/none/a`, 'write'))).toBe('ENOENT');
      expect(await code(files.open(`${folder}/a/b`, 'write'))).toBe('ENOTDIR');
      expect(await code(files.open(`${folder}/full`, 'write'))).toBe('EISDIR');
      expect(await code(files.readFile(`${folder}/none`))).toBe('ENOENT');
      expect(await code(files.list(`${folder}/none`))).toBe('ENOENT');
      expect(await code(files.list(`${folder}/a`))).toBe('ENOTDIR');
      expect(await code(files.rename(`${folder}/none`, `${folder}/b`))).toBe('ENOENT');
      expect(await code(files.rename(`${folder}/a`, `${folder}/full`))).toBe('EISDIR');
      expect(await code(files.makeFolder(`${folder}/a`))).toBe('EEXIST');
      expect(await code(files.remove(`${folder}/full`))).toBe('EISDIR');
      expect(await code(files.syncFolder(`${folder}/none`))).toBe('ENOENT');
      const reader = await files.open(`${folder}/a`, 'read');
      expect(await code(writeTo(reader))).toBe('EBADF');
      expect(await code(reader.truncate(0))).toBe('EINVAL');
      await reader.close();
      expect(await code(reader.size())).toBe('EBADF');
    });

    it('gives a lock once until it is released', async () => {
      const first = await files.lock(`${folder}/.lock`);
      expect(first).not.toBeNull();
      expect(await files.lock(`${folder}/.lock`)).toBeNull();
      const other = await files.lock(`${folder}/.other`);
      expect(other).not.toBeNull();
      await first?.release();
      await first?.release();
      const again = await files.lock(`${folder}/.lock`);
      expect(again).not.toBeNull();
      await again?.release();
      await other?.release();
    });
  });
}

/** A write may also fail at once. */
async function writeTo(handle: Awaited<ReturnType<FileSystem['open']>>): Promise<void> {
  await handle.write([Buffer.from('x')], 0);
}
