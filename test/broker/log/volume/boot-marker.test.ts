import { describe, expect, it } from '@jest/globals';
import { isSameBoot, markBoot } from '../../../../broker/log/volume/boot-marker.ts';
import { LogMachine } from '../log-machine.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const MARKER = '/d1/.odradek-boot';

/** `bootId`: null on a machine that has none. */
async function machineOf(bootId: string | null): Promise<LogMachine> {
  const machine = new LogMachine();
  await machine.fileSystem.makeFolder('/d1');
  await machine.fileSystem.makeFolder('/proc/sys/kernel/random');
  if (bootId !== null) await machine.write(BOOT_ID, bootId);
  return machine;
}

describe('the marker of a boot', () => {
  it('is believed by the boot that wrote it, and by no other', async () => {
    const { fileSystem, ...machine } = await machineOf('first-boot\n');
    expect(await isSameBoot(fileSystem, '/d1')).toBe(false);
    await markBoot(fileSystem, '/d1');
    expect(await isSameBoot(fileSystem, '/d1')).toBe(true);
    expect(machine.logger.alarms).toEqual([]);
  });

  it('says nothing where it is empty, cannot be read, or the machine has no boot id', async () => {
    const machine = await machineOf('');
    await machine.write(MARKER, '');
    expect(await isSameBoot(machine.fileSystem, '/d1')).toBe(false);
    const other = await machineOf(null);
    await markBoot(other.fileSystem, '/d1');
    expect(await other.fileSystem.stat(MARKER)).toBeNull();
    const broken = await machineOf('boot');
    await markBoot(broken.fileSystem, '/d1');
    broken.fileSystem.failNext('readFile', 'EIO', MARKER);
    expect(await isSameBoot(broken.fileSystem, '/d1')).toBe(false);
  });

  it('is no reason to fail where it cannot be written: the next crash counts as one of the machine', async () => {
    const { fileSystem } = await machineOf('boot');
    fileSystem.failNext('write', 'ENOSPC');
    await markBoot(fileSystem, '/d1');
    expect(await isSameBoot(fileSystem, '/d1')).toBe(false);
  });
});

describe('a broker’s logs', () => {
  it('are complete after a clean stop, and after a kill within the same boot', async () => {
    const machine = await machineOf('boot-1');
    const first = await machine.open();
    // Nobody knows yet what became of the folder: it is new, or somebody else's.
    expect(first.isComplete).toBe(false);
    await first.markBoot();
    machine.fileSystem.crash({ keepUnsynced: true });
    const second = await machine.open();
    expect(second.isComplete).toBe(true);
    await second.stop();
    await machine.write(BOOT_ID, 'boot-2');
    const third = await machine.open();
    expect(third.isComplete).toBe(true);
    await third.stop();
  });

  it('are not complete after a crash of the machine, until that has been told', async () => {
    const machine = await machineOf('boot-1');
    const first = await machine.open();
    await first.markBoot();
    machine.fileSystem.crash({ keepUnsynced: true });
    await machine.write(BOOT_ID, 'boot-2');
    const second = await machine.open();
    expect(second.isComplete).toBe(false);
    machine.fileSystem.crash({ keepUnsynced: true });
    const third = await machine.open();
    expect(third.isComplete).toBe(false);
    await third.markBoot();
    machine.fileSystem.crash({ keepUnsynced: true });
    const fourth = await machine.open();
    expect(fourth.isComplete).toBe(true);
    await fourth.stop();
  });
});
