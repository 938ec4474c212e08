import { describe, expect, it } from '@jest/globals';
import type { Flushable } from '../../../../broker/log/volume/flush-bound.ts';
import { FlushBound } from '../../../../broker/log/volume/flush-bound.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';

const MIB = 1 << 20;

class FakeLog implements Flushable {
  readonly folder: string;
  unsyncedBytes = 0;
  syncedBytes = 0;
  fails = false;
  readonly #flushed: string[];

  constructor(folder: string, flushed: string[]) {
    this.folder = folder;
    this.#flushed = flushed;
  }

  write(mebibytes: number): void {
    this.unsyncedBytes += mebibytes * MIB;
  }

  /** As a roll does it. */
  sync(): void {
    this.syncedBytes += this.unsyncedBytes;
    this.unsyncedBytes = 0;
  }

  flushForRecovery(): Promise<void> {
    this.#flushed.push(this.folder);
    if (this.fails) return Promise.reject(new Error('EIO'));
    this.sync();
    return Promise.resolve();
  }
}

function bounded() {
  const flushed: string[] = [];
  const logger = new CollectingLogger();
  const logs = ['a', 'b', 'c'].map((name) => new FakeLog(name, flushed));
  let saves = 0;
  const bound = new FlushBound({
    logs: () => logs,
    logger,
    saveOffsets: () => {
      saves += 1;
      return Promise.resolve();
    },
  });
  const [a, b, c] = logs;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three logs');
  return { a, b, c, flushed, logger, bound, saves: () => saves };
}

describe('the bound on what recovery has to read', () => {
  it('leaves logs alone while it is not reached', async () => {
    const { a, b, bound, flushed, saves } = bounded();
    a.write(100);
    b.write(200);
    await bound.check();
    expect([flushed, saves()]).toEqual([[], 0]);
  });

  it('flushes the logs with most first, as many as are needed, and then writes the checkpoint', async () => {
    const { a, b, c, bound, flushed, saves } = bounded();
    a.write(100);
    b.write(200);
    c.write(40);
    await bound.check();
    expect([flushed, saves()]).toEqual([['b', 'a'], 1]);
    await bound.check();
    expect(saves()).toBe(1);
  });

  it('writes the checkpoint when others have synced much', async () => {
    const { a, b, bound, flushed, saves } = bounded();
    for (const log of [a, b, a]) {
      log.write(60);
      log.sync();
      await bound.check();
    }
    expect([flushed, saves()]).toEqual([[], 1]);
  });

  it('goes on with the others when one log cannot be flushed, and says so', async () => {
    const { a, b, bound, flushed, logger } = bounded();
    a.write(300);
    b.write(100);
    a.fails = true;
    await bound.check();
    expect(flushed).toEqual(['a', 'b']);
    expect(logger.alarms.map(({ fields }) => fields['folder'])).toEqual(['a']);
  });
});
