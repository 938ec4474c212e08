/** A log in which nothing has changed since a clean stop is left alone by the next one. */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import type { LogManager } from '../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { batchOf, defaultConfig, readAll } from './log-fixture.ts';
import { LogMachine, makeLog } from './log-machine.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

const FOLDER = '/d1/t-0';

/** Notes what is changed in the partition's folder. */
class WatchedFiles extends MemoryFileSystem {
  readonly changes: string[] = [];

  override open(path: string, mode: 'read' | 'write'): ReturnType<MemoryFileSystem['open']> {
    // The active segment's is opened like that for reads too.
    if (mode === 'write' && !path.endsWith('.log')) this.#note('open', path);
    return super.open(path, mode);
  }

  override rename(from: string, to: string): Promise<void> {
    this.#note('rename', from);
    return super.rename(from, to);
  }

  override remove(path: string): Promise<void> {
    this.#note('remove', path);
    return super.remove(path);
  }

  override syncFolder(folder: string): Promise<void> {
    this.#note('syncFolder', `${folder}/`);
    return super.syncFolder(folder);
  }

  #note(call: string, path: string): void {
    if (path.startsWith(`${FOLDER}/`)) this.changes.push(`${call} ${path}`);
  }
}

class Machine extends LogMachine {
  constructor() {
    super(
      { configOf: () => ({ ...defaultConfig, segmentBytes: 300 }) },
      (time) => new WatchedFiles(time),
    );
  }

  get changes(): string[] {
    assert(this.fileSystem instanceof WatchedFiles);
    return this.fileSystem.changes;
  }

  /** A broker's that has some segments of epoch 2, and was stopped cleanly; started again. */
  async startAgain(): Promise<{ readonly manager: LogManager; readonly log: PartitionLog }> {
    const first = await this.open();
    await fill(await makeLog(first, 't'), 2);
    await first.stop();
    const manager = await this.open();
    const log = await makeLog(manager, 't');
    this.changes.length = 0;
    return { manager, log };
  }
}

async function fill(log: PartitionLog, leaderEpoch: number): Promise<void> {
  for (let count = 0; count < 6; count += 1) {
    await log.append(batchOf({ size: 60, tag: String(count) }), { leaderEpoch }).written;
  }
}

async function contentOf(machine: LogMachine): Promise<ReadonlyMap<string, string>> {
  const names = await machine.fileSystem.list(FOLDER);
  const contents = new Map<string, string>();
  for (const name of names) {
    contents.set(name, (await machine.fileSystem.readFile(`${FOLDER}/${name}`)).toString('hex'));
  }
  return contents;
}

describe('a log that was stopped cleanly and has not changed since', () => {
  it('is not touched by the next stop, whatever was read and announced', async () => {
    const machine = new Machine();
    const { manager, log } = await machine.startAgain();
    const before = await contentOf(machine);
    const bytes = await readAll(log);
    await log.offsetForTimestamp(0);
    log.assignEpochStartOffset(7, log.logEndOffset);
    expect(log.latestEpoch).toBe(7);
    await log.flush();
    await manager.stop();
    expect(machine.changes).toEqual([]);
    expect(await contentOf(machine)).toEqual(before);
    expect(await machine.fileSystem.stat('/d1/.kafka_cleanshutdown')).not.toBeNull();
    const again = await machine.open();
    expect(await readAll(await makeLog(again, 't'))).toEqual(bytes);
    await again.stop();
    expect(machine.fileSystem.openCount).toBe(0);
  });

  it.each<[string, (log: PartitionLog, manager: LogManager) => Promise<unknown>]>([
    ['append', (log) => log.append(batchOf({}), { leaderEpoch: 2 }).written],
    ['truncation', (log) => log.truncateTo(5)],
    ['truncation of everything', (log) => log.truncateFullyAndStartAt(40)],
    [
      'deletion of records',
      (log) => {
        log.advanceLogStartOffset(4, 6);
        return log.deleteOldSegments({ nowMs: 0, highWatermark: 6 });
      },
    ],
  ])('is saved whole by the stop after a %s', async (_what, change) => {
    const machine = new Machine();
    const { manager, log } = await machine.startAgain();
    await change(log, manager);
    const { logStartOffset, logEndOffset } = log;
    const bytes = await readAll(log);
    await manager.stop();
    expect(machine.changes).not.toEqual([]);
    // What a stop has called clean is on the disk.
    await machine.fileSystem.syncFolder('/');
    machine.fileSystem.crash({ keepUnsynced: false });
    const again = await machine.open();
    const found = await makeLog(again, 't');
    expect([found.logStartOffset, found.logEndOffset]).toEqual([logStartOffset, logEndOffset]);
    expect(await readAll(found)).toEqual(bytes);
    await again.stop();
  });

  it('has written what its leader epochs were cut to when the stop is over', async () => {
    const machine = new Machine();
    const first = await machine.open();
    const log = await makeLog(first, 't');
    await fill(log, 2);
    await first.stop();
    // A leader of epoch 5 that had nothing to append has saved it, as Apache Kafka does.
    const epochs = `${FOLDER}/leader-epoch-checkpoint`;
    await machine.write(epochs, '0\n2\n2 0\n5 6\n');
    const second = await machine.open();
    const again = await makeLog(second, 't');
    expect(again.latestEpoch).toBe(2);
    again.assignEpochStartOffset(7, again.logEndOffset);
    await again.truncateTo(again.logEndOffset);
    await second.stop();
    expect(await machine.text(epochs)).toBe('0\n1\n2 0\n');
    expect(machine.fileSystem.openCount).toBe(0);
    const names = await machine.fileSystem.list(FOLDER);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const third = await machine.open();
    expect((await makeLog(third, 't')).latestEpoch).toBe(2);
    await third.stop();
  });
});
