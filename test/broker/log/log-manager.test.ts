import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import type { LogManager } from '../../../broker/log/log-manager.ts';
import { batchOf, defaultConfig, readAll } from './log-fixture.ts';
import { LogMachine } from './log-machine.ts';

const make = (manager: LogManager, topic: string, partition = 0, topicId: string | null = null) =>
  manager.getOrCreate({ topic, partition, topicId, isNew: false });
const ID = 'sE3QenSuSRiAXuyWvnnudA';

describe('LogManager', () => {
  it('finds its logs again after a clean stop, with offsets and topic ids', async () => {
    const machine = new LogMachine();
    const first = await machine.open();
    const log = await make(first, 'a-b', 3, ID);
    expect(await make(first, 'a-b', 3, ID)).toBe(log);
    for (let count = 0; count < 4; count += 1) {
      await log.append(batchOf({}), { leaderEpoch: 0 }).written;
    }
    first.setHighWatermarks(() => 3);
    log.advanceLogStartOffset(2, 4);
    await first.stop();
    await first.stop();
    expect(machine.fileSystem.openCount).toBe(0);
    expect(await machine.text('/d1/.kafka_cleanshutdown')).toBe('{"version":0,"brokerEpoch":-1}');
    expect(await machine.text('/d1/recovery-point-offset-checkpoint')).toBe('0\n1\na-b 3 4\n');
    expect(await machine.text('/d1/replication-offset-checkpoint')).toBe('0\n1\na-b 3 3\n');
    expect(await machine.text('/d1/log-start-offset-checkpoint')).toBe('0\n1\na-b 3 2\n');
    expect(await machine.text('/d1/meta.properties')).toContain(
      'broker.id=1\ncluster.id=cluster-a\n',
    );
    expect(await machine.text('/d1/a-b-3/partition.metadata')).toBe(`version: 0\ntopic_id: ${ID}`);
    const progress: number[] = [];
    const second = await machine.open({
      onProgress: ({ loadedCount }) => progress.push(loadedCount),
    });
    expect(progress).toEqual([0, 1]);
    const again = second.get('a-b', 3);
    expect([again?.logStartOffset, again?.logEndOffset, again?.topicId]).toEqual([2, 4, ID]);
    expect(second.checkpointedHighWatermark('a-b', 3)).toBe(3);
    expect(await machine.fileSystem.stat('/d1/.kafka_cleanshutdown')).toBeNull();
    await expect(make(second, 'a-b', 3, 'AAAAAAAAAAAAAAAAAAAAAA')).rejects.toMatchObject({
      code: ErrorCodes.INCONSISTENT_TOPIC_ID,
    });
    await second.stop();
  });

  it('has every record again after it was killed', async () => {
    const machine = new LogMachine();
    const manager = await machine.open();
    const log = await make(manager, 't');
    const batch = batchOf({ count: 5 });
    await log.append(batch, { leaderEpoch: 0 }).written;
    await log.flush();
    machine.fileSystem.crash({ keepUnsynced: true });
    const again = await machine.open();
    expect(again.get('t', 0)?.logEndOffset).toBe(5);
    expect(await readAll(await make(again, 't'))).toEqual(batch.buffer);
    await again.stop();
  });

  it('spreads new partitions over its folders', async () => {
    const machine = new LogMachine();
    const manager = await machine.open({ logDirs: ['/d1', '/d2'] });
    for (let partition = 0; partition < 4; partition += 1) await make(manager, 't', partition);
    const folders = [...manager.logs()].map((log) => log.folder.slice(0, 3));
    expect(folders.filter((folder) => folder === '/d1')).toHaveLength(2);
    await manager.stop();
  });

  it('says which side changed when a folder is another broker’s or another cluster’s', async () => {
    const machine = new LogMachine();
    await (await machine.open()).stop();
    await expect(machine.open({ brokerId: 2 })).rejects.toThrow(
      '/d1 holds the data of broker 1 (meta.properties), but broker.id is 2',
    );
    await expect(machine.open({ clusterId: 'cluster-b' })).rejects.toThrow(
      '/d1 holds the data of cluster cluster-a (meta.properties), but zookeeper.connect leads to ' +
        'cluster cluster-b',
    );
    await (await machine.open()).stop();
  });

  it('does not touch a folder that another broker holds', async () => {
    const machine = new LogMachine();
    const manager = await machine.open();
    await expect(machine.open()).rejects.toThrow('/d1 is in use');
    await manager.stop();
  });

  it('reads empty checkpoints of Apache Kafka as empty, and does not believe damaged ones', async () => {
    const machine = new LogMachine();
    await (await machine.open()).stop();
    await machine.write('/d1/recovery-point-offset-checkpoint', '');
    await machine.write('/d1/replication-offset-checkpoint', '0\n2\nt 0 1\n');
    await (await machine.open()).stop();
    expect(await machine.text('/d1/recovery-point-offset-checkpoint')).toBe('0\n0\n');
  });

  it('deletes a log at once for its users, and its files later', async () => {
    const machine = new LogMachine();
    const manager = await machine.open();
    const log = await make(manager, 't');
    await log.append(batchOf({ tag: 'old' }), { leaderEpoch: 0 }).written;
    await manager.deleteLog('t', 0);
    expect(manager.get('t', 0)).toBeUndefined();
    expect(() => log.append(batchOf({}), { leaderEpoch: 0 })).toThrow('closed');
    const names = await machine.fileSystem.list('/d1');
    expect(names.join()).toMatch(/t-0\.[0-9a-f]{32}-delete/);
    expect((await make(manager, 't')).logEndOffset).toBe(0);
    machine.time.pass(1000);
    await manager.stop();
    expect((await machine.fileSystem.list('/d1')).join()).not.toContain('-delete');
  });

  it('leaves a partition that cannot be opened as it is, and does not call its folder clean', async () => {
    const machine = new LogMachine();
    const first = await machine.open();
    const log = await make(first, 'bad');
    await log.append(batchOf({}), { leaderEpoch: 0 }).written;
    await make(first, 'good');
    await first.stop();
    await machine.write('/d1/bad-0/partition.metadata', 'nonsense');
    const second = await machine.open();
    expect(second.get('good', 0)).toBeDefined();
    await expect(make(second, 'bad')).rejects.toMatchObject({
      code: ErrorCodes.KAFKA_STORAGE_ERROR,
    });
    await second.stop();
    expect(await machine.fileSystem.stat('/d1/.kafka_cleanshutdown')).toBeNull();
    expect(await machine.text('/d1/recovery-point-offset-checkpoint')).toContain('bad 0 1');
  });

  it('makes new partitions while a folder is offline, and no others that may be in it', async () => {
    const machine = new LogMachine();
    const logDirs = ['/d1', '/d2'];
    const first = await machine.open({ logDirs });
    for (const partition of [0, 1]) {
      await (await make(first, 't', partition)).append(batchOf({}), { leaderEpoch: 0 }).written;
    }
    await first.stop();
    machine.fileSystem.failNext('makeFolder', 'EIO', '/d2');
    const second = await machine.open({ logDirs });
    const lost = { topic: 't', partition: 1, topicId: null };
    await expect(second.getOrCreate({ ...lost, isNew: false })).rejects.toMatchObject({
      code: ErrorCodes.KAFKA_STORAGE_ERROR,
      message: 't-1 is not made: it may be in /d2, which cannot be used',
    });
    expect((await make(second, 't', 0)).logEndOffset).toBe(1);
    const fresh = await second.getOrCreate({ ...lost, partition: 2, isNew: true });
    expect(fresh.folder).toBe('/d1/t-2');
    await second.stop();
    const third = await machine.open({ logDirs });
    expect(third.get('t', 1)?.logEndOffset).toBe(1);
    await third.stop();
  });

  it('leaves foreign folders alone, and refuses a partition that is in two folders', async () => {
    const machine = new LogMachine();
    await machine.fileSystem.makeFolder('/d1/lost+found');
    await machine.fileSystem.makeFolder('/d1/t-0');
    await (await machine.open()).stop();
    expect(await machine.fileSystem.list('/d1')).toContain('lost+found');
    await machine.fileSystem.makeFolder('/d2/t-0');
    await expect(machine.open({ logDirs: ['/d1', '/d2'] })).rejects.toThrow(
      't-0 is in two folders',
    );
  });

  it('drops old segments and writes checkpoints by its timers', async () => {
    const machine = new LogMachine();
    const config = { ...defaultConfig, segmentBytes: 200, retentionMs: 5000 };
    let current = { ...config, retentionMs: Infinity };
    let deletedCount = 0;
    const manager = await machine.open({
      configOf: () => current,
      onSegmentsDeleted: (count) => (deletedCount += count),
    });
    const log = await make(manager, 't');
    manager.setHighWatermarks(() => log.writtenEndOffset);
    manager.start();
    for (let count = 0; count < 3; count += 1) {
      const batch = batchOf({ size: 60, timestampMs: machine.time.ms });
      await log.append(batch, { leaderEpoch: 0 }).written;
    }
    machine.time.pass(6000);
    await log.flush();
    expect(log.logStartOffset).toBe(0);
    current = config;
    manager.updateConfig('t');
    machine.time.pass(1000);
    await log.flush();
    expect([log.logStartOffset, log.segmentBaseOffsets]).toEqual([3, [3]]);
    expect(deletedCount).toBeGreaterThan(0);
    expect(await machine.text('/d1/replication-offset-checkpoint')).toBe('0\n1\nt 0 3\n');
    await manager.stop();
  });
});
