/** A log start offset that was moved by request survives what a broker may go through. */

import { describe, expect, it } from '@jest/globals';
import type { LogManager } from '../../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { batchOf } from '../log-fixture.ts';
import { LogMachine, makeLog } from '../log-machine.ts';

const CHECKPOINT = '/d1/log-start-offset-checkpoint';

const checkpoint = (machine: LogMachine): Promise<string> => machine.text(CHECKPOINT);

async function filled(manager: LogManager, topic: string): Promise<PartitionLog> {
  const log = await makeLog(manager, topic);
  for (let count = 0; count < 5; count += 1) {
    await log.append(batchOf({}), { leaderEpoch: 0 }).written;
  }
  return log;
}

describe('a log start offset', () => {
  it('survives a kill right after it was saved', async () => {
    const machine = new LogMachine({ retentionCheckIntervalMs: Infinity });
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(3, 5);
    await manager.saveLogStart('a', 0);
    machine.fileSystem.crash({ keepUnsynced: true });
    const again = (await machine.open()).get('a', 0);
    expect([again?.logStartOffset, again?.logEndOffset]).toEqual([3, 5]);
  });

  it('survives a loss of power that takes the records: offsets do not come twice', async () => {
    const machine = new LogMachine({ retentionCheckIntervalMs: Infinity });
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(3, 5);
    await manager.saveLogStart('a', 0);
    await machine.fileSystem.syncFolder('/');
    machine.fileSystem.crash({ keepUnsynced: false });
    const again = (await machine.open()).get('a', 0);
    expect(again?.logStartOffset).toBe(3);
    expect(again?.logEndOffset).toBeGreaterThanOrEqual(3);
  });

  it('is saved with those of others in few writes, and each with the newest', async () => {
    const machine = new LogMachine({ retentionCheckIntervalMs: Infinity });
    const manager = await machine.open();
    const topics = ['a', 'b', 'c', 'd'];
    const logs = await Promise.all(topics.map((topic) => filled(manager, topic)));
    await Promise.all(
      logs.map(async (log, index) => {
        log.advanceLogStartOffset(index + 1, 5);
        await manager.saveLogStart(log.topic, 0);
        expect(await checkpoint(machine)).toContain(`${log.topic} 0 ${String(index + 1)}\n`);
      }),
    );
    await manager.stop();
    expect(await checkpoint(machine)).toBe('0\n4\na 0 1\nb 0 2\nc 0 3\nd 0 4\n');
  });

  it('is forgotten with its log, so that one of the same name starts anew', async () => {
    const machine = new LogMachine({ retentionCheckIntervalMs: Infinity });
    const manager = await machine.open();
    const log = await filled(manager, 'a');
    log.advanceLogStartOffset(5, 5);
    await manager.saveLogStart('a', 0);
    await manager.deleteLog('a', 0);
    expect(await checkpoint(machine)).toBe('0\n0\n');
    const second = await makeLog(manager, 'a');
    await second.append(batchOf({}), { leaderEpoch: 0 }).written;
    machine.fileSystem.crash({ keepUnsynced: true });
    const again = (await machine.open()).get('a', 0);
    expect([again?.logStartOffset, again?.logEndOffset]).toEqual([0, 1]);
  });

  it('is nothing to save for a log that is not here', async () => {
    const manager = await new LogMachine({ retentionCheckIntervalMs: Infinity }).open();
    await expect(manager.saveLogStart('nowhere', 0)).resolves.toBeUndefined();
    await manager.stop();
  });
});
