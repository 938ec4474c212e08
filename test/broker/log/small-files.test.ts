import { describe, expect, it } from '@jest/globals';
import { decodeEpochs } from '../../../broker/log/checkpoint/epoch-checkpoint.ts';
import {
  decodeMetaProperties,
  encodeMetaProperties,
} from '../../../broker/log/checkpoint/meta-properties.ts';
import { DescriptorCache } from '../../../broker/log/files/descriptor-cache.ts';
import { logConfigOf } from '../../../broker/log/log-config.ts';
import { deletedFolderName, partitionOfFolder } from '../../../broker/log/volume/log-folders.ts';
import { LeaderEpochs } from '../../../broker/log/state/leader-epochs.ts';
import { batchOf, LogFixture } from './log-fixture.ts';

describe('logConfigOf', () => {
  it('reads the texts of the effective configuration', () => {
    const values = new Map([
      ['segment.bytes', '1073741824'],
      ['flush.messages', '9223372036854775807'],
      ['retention.ms', '-1'],
      ['retention.bytes', '1000'],
      ['cleanup.policy', 'compact, delete'],
    ]);
    const config = logConfigOf((key) => values.get(key) ?? '0');
    expect(config).toMatchObject({
      segmentBytes: 1 << 30,
      flushMessages: Infinity,
      retentionMs: Infinity,
      retentionBytes: 1000,
      deletes: true,
      compacts: true,
    });
  });
});

describe('meta.properties', () => {
  it('is read as Java writes it, in any order, and keeps what is not known', () => {
    const text =
      '#\n#Sun Nov 22 16:00:00 UTC 2026\ncluster.id=ab\\:c\nversion=0\nbroker.id=3\ndirectory.id=x\n';
    const meta = decodeMetaProperties(text);
    expect(meta).toEqual({
      brokerId: 3,
      clusterId: 'ab:c',
      others: new Map([['directory.id', 'x']]),
    });
    expect(decodeMetaProperties(encodeMetaProperties(meta))).toEqual(meta);
    expect(() => decodeMetaProperties('version=1\nnode.id=3\n')).toThrow('version is 1');
    expect(() => decodeMetaProperties('version=0\nbroker.id=x\n')).toThrow('broker.id=x');
  });
});

describe('folder names', () => {
  it('are split at the last dash', () => {
    expect(partitionOfFolder('a-b-12')).toEqual({ topic: 'a-b', partition: 12 });
    expect(partitionOfFolder('lost+found')).toBeNull();
    expect(partitionOfFolder('a-x')).toBeNull();
    const name = deletedFolderName(`${'t'.repeat(249)}-0`, Buffer.alloc(16, 0xab));
    expect(name).toHaveLength(255);
    expect(name).toMatch(/t\.(ab){16}-delete$/);
  });
});

describe('leader epochs', () => {
  async function epochs() {
    const fixture = new LogFixture();
    await fixture.fileSystem.makeFolder('/data/topic-0');
    const { epochs: loaded } = await LeaderEpochs.load(fixture.fileSystem, '/data/topic-0');
    return { fixture, loaded };
  }

  it('answer where an epoch ended, as KIP-101 asks', async () => {
    const { loaded } = await epochs();
    expect(loaded.endOffsetFor(0, 0)).toBeNull();
    loaded.assign(2, 10);
    loaded.assign(4, 20);
    loaded.assign(3, 25);
    expect(loaded.entries).toEqual([
      { epoch: 2, startOffset: 10 },
      { epoch: 4, startOffset: 20 },
    ]);
    expect(loaded.endOffsetFor(4, 30)).toEqual({ epoch: 4, endOffset: 30 });
    expect(loaded.endOffsetFor(3, 30)).toEqual({ epoch: 2, endOffset: 20 });
    expect(loaded.endOffsetFor(1, 30)).toEqual({ epoch: 1, endOffset: 10 });
    expect(loaded.endOffsetFor(5, 30)).toBeNull();
    expect([loaded.epochOf(9), loaded.epochOf(19), loaded.epochOf(20)]).toEqual([-1, 2, 4]);
  });

  it('replace an epoch that had no records', async () => {
    const { loaded } = await epochs();
    loaded.assign(1, 0);
    loaded.assign(2, 5);
    loaded.assign(3, 5);
    expect(loaded.entries.map(({ epoch }) => epoch)).toEqual([1, 3]);
  });

  it('are cut with the log, and are in the file when settled', async () => {
    const { fixture, loaded } = await epochs();
    loaded.assign(1, 0);
    loaded.assign(2, 10);
    loaded.assign(3, 20);
    loaded.truncateFromStart(15);
    loaded.truncateFromEnd(20);
    expect(loaded.entries).toEqual([{ epoch: 2, startOffset: 15 }]);
    await loaded.settle();
    expect((await fixture.read('leader-epoch-checkpoint')).toString()).toBe('0\n1\n2 15\n');
    loaded.clear();
    await loaded.settle();
    expect((await fixture.read('leader-epoch-checkpoint')).toString()).toBe('0\n0\n');
  });

  it('are found again by recovery when their file is damaged', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    log.append(batchOf({ count: 2 }), { leaderEpoch: 4 });
    await log.append(batchOf({ count: 2 }), { leaderEpoch: 6 }).written;
    await log.close();
    await fixture.write('leader-epoch-checkpoint', Buffer.from('0\n2\n4 x\n'));
    const again = await fixture.open({}, { isClean: true, recoveryPoint: 4 });
    expect([again.epochOf(1), again.epochOf(2), again.latestEpoch]).toEqual([4, 6, 6]);
    await again.close();
    expect((await fixture.read('leader-epoch-checkpoint')).toString()).toBe('0\n2\n4 0\n6 2\n');
  });

  it('are none where the file is empty, and damaged where lines are missing', () => {
    expect(decodeEpochs(Buffer.alloc(0))).toEqual([]);
    expect(decodeEpochs(Buffer.from('0\n2\n1 1\n'))).toBeNull();
    expect(decodeEpochs(Buffer.from('0\n1\n1 x\n'))).toBeNull();
  });
});

describe('the descriptor cache', () => {
  it('keeps no more files open than it may, and none that is forgotten', async () => {
    const { fileSystem } = new LogFixture();
    const cache = new DescriptorCache(fileSystem, 2);
    const held = await cache.acquire('/a', 'write');
    for (const path of ['/b', '/c', '/d']) (await cache.acquire(path, 'write')).release();
    await Promise.resolve();
    expect([cache.openCount, fileSystem.openCount]).toEqual([2, 2]);
    expect(cache.tryAcquire('/b', 'read')).toBeNull();
    cache.forget('/a');
    expect(cache.tryAcquire('/a', 'write')).toBeNull();
    expect(await held.handle.size()).toBe(0);
    held.release();
    cache.forgetFolder('');
    await Promise.resolve();
    await Promise.resolve();
    expect(fileSystem.openCount).toBe(0);
  });

  it('opens a file once for those who ask together', async () => {
    const { fileSystem } = new LogFixture();
    const cache = new DescriptorCache(fileSystem, 2);
    const [one, other] = await Promise.all([
      cache.acquire('/a', 'write'),
      cache.acquire('/a', 'read'),
    ]);
    expect(one).toBe(other);
    expect(fileSystem.openCount).toBe(1);
    one.release();
    other.release();
    cache.forget('/a');
    await expect(cache.acquire('/none', 'read')).rejects.toThrow('ENOENT');
  });
});
