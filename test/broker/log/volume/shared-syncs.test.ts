/** A stop with many changed logs asks for few syncs of the device, and for the same guarantees. */

import { describe, expect, it } from '@jest/globals';
import type { SharedSyncs } from '../../../../broker/platform/file-system.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { batchOf } from '../log-fixture.ts';
import { LogMachine, makeLog } from '../log-machine.ts';

/** Its shared syncs are those of single files, but it knows how many wait at the same time. */
class SharingFiles extends MemoryFileSystem {
  openedCount = 0;
  begunCount = 0;
  #waiting = 0;
  waitingMax = 0;

  openSharedSyncs(): Promise<SharedSyncs | null> {
    this.openedCount += 1;
    return Promise.resolve({
      begin: () => (this.begunCount += 1),
      close: () => {
        this.openedCount -= 1;
        return Promise.resolve();
      },
    });
  }

  override async syncFolder(folder: string): Promise<void> {
    this.#waiting += 1;
    this.waitingMax = Math.max(this.waitingMax, this.#waiting);
    for (let tick = 0; tick < 200; tick += 1) await Promise.resolve();
    await super.syncFolder(folder);
    this.#waiting -= 1;
  }
}

async function stoppedWith(
  logCount: number,
  prepare: (files: MemoryFileSystem) => void = () => undefined,
): Promise<{ readonly machine: LogMachine; readonly files: SharingFiles }> {
  const holder: SharingFiles[] = [];
  const machine = new LogMachine({}, (time) => {
    const files = new SharingFiles(time);
    holder.push(files);
    return files;
  });
  const [files] = holder;
  if (files === undefined) throw new Error('the machine has files');
  const manager = await machine.open();
  for (let partition = 0; partition < logCount; partition += 1) {
    const log = await makeLog(manager, 't', partition);
    await log.append(batchOf({ count: 2 }), { leaderEpoch: 3 }).written;
  }
  files.waitingMax = 0;
  prepare(files);
  await manager.stop();
  return { machine, files };
}

describe('a stop', () => {
  it('closes many changed logs at once, and all of them survive a loss of power', async () => {
    const { machine, files } = await stoppedWith(150);
    expect(files.begunCount).toBe(1);
    expect(files.waitingMax).toBeGreaterThan(100);
    expect([files.openedCount, files.openCount]).toEqual([0, 0]);
    await files.syncFolder('/');
    files.crash({ keepUnsynced: false });
    const again = await machine.open();
    const ends = [...again.logs()].map((log) => [log.logEndOffset, log.latestEpoch].join());
    expect(ends).toHaveLength(150);
    expect(new Set(ends)).toEqual(new Set(['2,3']));
    expect(machine.logger.alarms).toEqual([]);
    await again.stop();
    // Nothing had changed: there was nothing to share.
    expect(files.begunCount).toBe(1);
  });

  it('goes on as before with few logs, or where a device is not synced as a whole', async () => {
    const { files } = await stoppedWith(10);
    expect(files.begunCount).toBe(0);
    expect(files.waitingMax).toBeLessThanOrEqual(2);
  });

  it('is not clean where one file cannot be synced', async () => {
    const { machine, files } = await stoppedWith(80, (prepared) =>
      prepared.failNext('sync', 'EDQUOT', '/d1/t-7/00000000000000000000.log'),
    );
    expect(files.begunCount).toBe(1);
    expect(await files.stat('/d1/.kafka_cleanshutdown')).toBeNull();
    const again = await machine.open();
    expect([...again.logs()].every(({ logEndOffset }) => logEndOffset === 2)).toBe(true);
    await again.stop();
  });
});
