import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { rotateLog } from '../../../operator/local/processes/container-log.ts';
import type { Scratch } from './scratch.ts';
import { scratchFolder } from './scratch.ts';

describe('The log of a container', () => {
  let scratch: Scratch;
  let file: string;
  /** As the process has it open. */
  let log: number;

  beforeEach(() => {
    scratch = scratchFolder();
    file = join(scratch.folder, 'broker.log');
    log = openSync(file, 'a');
  });
  afterEach(() => {
    closeSync(log);
    scratch.remove();
  });

  const older = (): string => readFileSync(`${file}.1`, 'utf8');

  it('stays as it is while it is small', () => {
    writeSync(log, 'one\n');
    rotateLog(file, 4);
    expect(readFileSync(file, 'utf8')).toBe('one\n');
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it('is put aside when it has grown, and its process goes on with an empty one', () => {
    writeSync(log, 'one\ntwo\n');
    rotateLog(file, 7);
    writeSync(log, 'three\n');
    expect(older()).toBe('ne\ntwo\n');
    expect(readFileSync(file, 'utf8')).toBe('three\n');
    writeSync(log, 'four\n');
    rotateLog(file, 10);
    expect(older()).toBe('hree\nfour\n');
    expect(statSync(file).size).toBe(0);
  });

  it('leaves the newest of what is more than twice too large', () => {
    writeSync(log, 'x'.repeat(3_000_000));
    writeSync(log, 'y'.repeat(2_000_000));
    rotateLog(file, 2_000_000);
    expect(older()).toBe('y'.repeat(2_000_000));
  });

  it('says what is wrong when it is not there', () => {
    expect(() => rotateLog(join(scratch.folder, 'none.log'), 1)).toThrow(/ENOENT/);
  });
});
