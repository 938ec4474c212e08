import { describe, expect, it } from '@jest/globals';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isResident, libcAvailable, sendfile, SystemError } from '../../../broker/platform/libc.ts';

const onLibc = libcAvailable() ? describe : describe.skip;

onLibc('the C library', () => {
  it('sends from a position of a file, and only to its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'odradek-libc-'));
    writeFileSync(join(folder, 'in'), 'hello world');
    const input = openSync(join(folder, 'in'), 'r');
    const output = openSync(join(folder, 'out'), 'w');
    expect(sendfile(output, input, 6, 3)).toBe(3);
    expect(sendfile(output, input, 9, 100)).toBe(2);
    expect(sendfile(output, input, 11, 100)).toBe(0);
    expect(sendfile(output, input, 2 ** 40, 100)).toBe(0);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('world');
    closeSync(input);
    closeSync(output);
    await rm(folder, { recursive: true });
  });

  it('returns the error of a descriptor that is not open', () => {
    const result = sendfile(999_999, 999_999, 0, 1);
    expect(result).toBeInstanceOf(SystemError);
    expect(result).toMatchObject({ code: 'EBADF' });
  });

  it('knows what was just written to be resident, where the file system can say', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'odradek-libc-'));
    writeFileSync(join(folder, 'file'), Buffer.alloc(1_000_000));
    const file = openSync(join(folder, 'file'), 'r');
    expect([true, 'unsupported']).toContain(isResident(file, 0, 1_000_000));
    expect([true, 'unsupported']).toContain(isResident(file, 999_999, 1));
    closeSync(file);
    expect(isResident(file, 0, 1)).toBe(false);
    await rm(folder, { recursive: true });
  });
});
