import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';

import { systemTimers } from '../../../broker/platform/timers.ts';
import { ProcessTable } from '../../../operator/local/processes/process-table.ts';
import type { Scratch } from './scratch.ts';
import { scratchFolder } from './scratch.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(60_000);

const savedSchema = z.looseObject({
  owner: z.object({ pid: z.int(), startTicks: z.string() }),
  processes: z.array(z.object({ pid: z.int(), startTicks: z.string() })),
});

describe('The process table', () => {
  let scratch: Scratch;
  let file: string;
  beforeEach(() => {
    scratch = scratchFolder();
    file = join(scratch.folder, 'processes.json');
  });
  afterEach(() => scratch.remove());

  const plan = (...argv: readonly string[]) => ({
    argv,
    env: { PATH: process.env['PATH'] ?? '' },
    folder: scratch.folder,
    logFile: join(scratch.folder, 'out.log'),
  });
  const saved = () => savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

  it('tells how a process ended and keeps what it wrote', async () => {
    const table = new ProcessTable(file, systemTimers);
    const started = await table.start(plan('sh', '-c', 'echo out; echo err >&2; exit 3'));
    expect(saved().processes.map(({ pid }) => pid)).toEqual([started.pid]);
    expect(await started.exited).toEqual({ exitCode: 3, signal: null });
    expect(readFileSync(join(scratch.folder, 'out.log'), 'utf8')).toBe('out\nerr\n');
    table.close();
    expect(saved().processes).toEqual([]);
  });

  it('ends at the start what an earlier local cluster left, children included', async () => {
    // It stands for a process whose parent has died without a word.
    const left = spawn('sh', ['-c', 'sleep 100 & echo started; wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(left.stdout, 'data');
    left.stdout.resume();
    // Its output is closed when nobody is left to write to it: its child has ended too.
    const closed = once(left, 'close');
    const before = new ProcessTable(file, systemTimers);
    const mine = saved();
    before.close();
    const stat = readFileSync(`/proc/${String(left.pid)}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    writeFileSync(
      file,
      JSON.stringify({
        ...mine,
        owner: { pid: 0, startTicks: '' },
        processes: [
          { pid: left.pid, startTicks },
          // The id was given to another process since: it is none of ours.
          { pid: process.pid, startTicks: '1' },
        ],
      }),
    );
    const table = new ProcessTable(file, systemTimers);
    expect(await closed).toEqual([null, 'SIGKILL']);
    table.close();
  });

  it('refuses a folder that another living local cluster uses', async () => {
    const other = spawn('sleep', ['100'], { stdio: 'ignore' });
    await once(other, 'spawn');
    const stat = readFileSync(`/proc/${String(other.pid)}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const before = new ProcessTable(file, systemTimers);
    writeFileSync(file, JSON.stringify({ ...saved(), owner: { pid: other.pid, startTicks } }));
    expect(() => new ProcessTable(file, systemTimers)).toThrow(
      new RegExp(`in use by the local cluster of process ${String(other.pid)}`),
    );
    before.close();
    other.kill();
    await once(other, 'exit');
  });

  it('says what is wrong when a folder to run in does not exist', async () => {
    const table = new ProcessTable(file, systemTimers);
    const missing = { ...plan('true'), folder: join(scratch.folder, 'none') };
    await expect(table.start(missing)).rejects.toThrow(/ENOENT/);
    table.close();
  });
});
