/** The program on real folders: locked by another one, and on a disk that is full. */

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import { deleteRecords } from '../../broker/protocol/messages/delete-records.ts';
import { brokerPrograms } from '../support/broker-program.ts';
import { batchOf, fetchFrom, makeTopic, produceTo, valuesFrom } from '../support/requests.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const programs = brokerPrograms();
const temporaryFolder = temporaryFolders();

function connect(port: number): Promise<BrokerConnection> {
  return BrokerConnection.open({
    host: '127.0.0.1',
    port,
    clientId: 'test',
    sockets: nodeSockets,
    timers: systemTimers,
    connectTimeoutMs: 5000,
    requestTimeoutMs: 60_000,
  });
}

describe('two brokers on one folder', () => {
  it('are one, and one that says what is wrong and touches nothing', async () => {
    const [shared, one, other] = [
      await temporaryFolder(),
      await temporaryFolder(),
      await temporaryFolder(),
    ];
    // Each has its own embedded store, in its first folder.
    const first = await programs.start(`${one},${shared}`);
    const client = await connect(first.port);
    await makeTopic(client, 'orders');
    await makeTopic(client, 'more');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(programs.start(`${other},${shared}`)).rejects.toThrow(
        `${shared} is in use: another broker holds .lock. Stop it, or set another log.dirs`,
      );
      for (const topic of ['orders', 'more']) {
        expect((await produceTo(client, topic, batchOf(['x']))).errorCode).toBe(ErrorCodes.NONE);
      }
    }
    client.close();
    first.child.kill('SIGTERM');
    expect(await programs.ended(first.child)).toBe(0);
    const second = await programs.start(`${one},${shared}`);
    second.child.kill('SIGTERM');
    expect(await programs.ended(second.child)).toBe(0);
  }, 60_000);
});

/** What gives a program a mount table of its own; null: this machine lets nobody have one here. */
const unshare = [
  ['unshare', '--mount'],
  ['unshare', '--user', '--map-root-user', '--mount'],
].find(
  ([command = '', ...args]) =>
    spawnSync(command, [...args, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0,
);
const MOUNT = 'mount -t tmpfs -o size=32m tmpfs "$1" && shift && exec "$@"';

describe('a disk of 32 MB', () => {
  if (unshare === undefined) {
    it.todo('needs a mount of its own: unshare --mount is not allowed on this machine');
    return;
  }

  it('is filled, refuses records, and takes them again when there is room', async () => {
    const folder = await temporaryFolder();
    const mounted = [...unshare, 'sh', '-c', MOUNT, 'sh', folder];
    const { child, port, output } = await programs.startBy(
      mounted,
      folder,
      'log.retention.ms=-1',
      'log.retention.check.interval.ms=200',
      'log.segment.delete.delay.ms=100',
      'log.segment.bytes=1048576',
    );
    const client = await connect(port);
    await makeTopic(client, 'orders');
    const value = 'x'.repeat(100_000);
    let count = 0;
    let refused = await produceTo(client, 'orders', batchOf([value]));
    for (; refused.errorCode === ErrorCodes.NONE; count += 1) {
      refused = await produceTo(client, 'orders', batchOf([value]));
    }
    expect(count).toBeGreaterThan(200);
    expect(refused.errorCode).toBe(ErrorCodes.KAFKA_STORAGE_ERROR);
    const again = await produceTo(client, 'orders', batchOf([value]));
    expect(again.errorMessage).toContain(`the disk of ${folder} is full`);
    const read = await fetchFrom(client, 'orders', { offset: count - 1 });
    expect([read.errorCode, Number(read.highWatermark)]).toEqual([ErrorCodes.NONE, count]);
    await client.send(deleteRecords, 2, {
      timeoutMs: 10_000,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: BigInt(count - 10) }] }],
    });
    // As a producer does that tries again.
    let after = again;
    while (after.errorCode === ErrorCodes.KAFKA_STORAGE_ERROR) {
      after = await produceTo(client, 'orders', batchOf(['after']));
    }
    expect([after.errorCode, Number(after.baseOffset)]).toEqual([ErrorCodes.NONE, count]);
    expect(await valuesFrom(client, 'orders', { offset: count })).toEqual(['after']);
    expect(await valuesFrom(client, 'orders', { offset: count - 1 })).toContain(value);
    client.close();
    child.kill('SIGTERM');
    expect(await programs.ended(child)).toBe(0);
    expect(output()).toContain('the disk of a log.dir has room again');
  }, 60_000);
});
