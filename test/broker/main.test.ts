/** The program itself, as a process from dist/. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import { patchBatch } from '../../broker/records/batch-header.ts';
import { buildBatch } from '../../broker/records/builder.ts';
import { joinGroup } from '../../broker/protocol/messages/join-group.ts';
import { findCoordinator } from '../../broker/protocol/messages/find-coordinator.ts';
import { brokerPrograms, program } from '../support/broker-program.ts';
import { batchOf, fetchFrom, makeTopic, produceTo, valuesFrom } from '../support/requests.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const { start: startProgram, ended, add } = brokerPrograms();

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

async function joinAsMember(connection: BrokerConnection): Promise<void> {
  const request = {
    ...joinGroup.request.initial,
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('x') }],
  };
  for (let count = 0; count < 5000; count += 1) {
    const found = await connection.send(findCoordinator, 3, {
      ...findCoordinator.request.initial,
      key: 'g',
    });
    if (found.errorCode !== 0) continue;
    const answer = await connection.send(joinGroup, 5, request);
    // MEMBER_ID_REQUIRED: the member joins with the id that it was given.
    if (answer.errorCode === 79) {
      const again = { ...request, memberId: answer.memberId };
      const joined = await connection.send(joinGroup, 5, again);
      if (joined.errorCode === 0) return;
    }
  }
  throw new Error('the member could not join');
}

describe('the broker as a process', () => {
  const temporaryFolder = temporaryFolders();

  it('ends on SIGTERM with code 0 and closed logs, whatever its clients are waiting for', async () => {
    const folder = await temporaryFolder();
    const { child, port, output } = await startProgram(folder);
    const client = await connect(port);
    await makeTopic(client, 'orders');
    const idle = await connect(port);
    const member = await connect(port);
    await joinAsMember(member);
    const waiting = fetchFrom(client, 'orders', { maxWaitMs: 600_000 });
    const startedAt = performance.now();
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect((await waiting).errorCode).toBe(0);
    expect(await readdir(folder)).toContain('.kafka_cleanshutdown');
    expect(output()).not.toMatch(/"level":50/);
    for (const connection of [client, idle, member]) connection.close();
  }, 30_000);

  it('is the process that was started, with the flags of its first line', async () => {
    const { child } = await startProgram(await temporaryFolder());
    const [firstLine = ''] = (await readFile(program, 'utf8')).split('\n');
    const flags = /\bnode((?: -\S+)+)/.exec(firstLine)?.[1]?.trim().split(' ') ?? [];
    const commandLine = await readFile(`/proc/${String(child.pid)}/cmdline`, 'utf8');
    expect(flags).toContain('--max-semi-space-size=2');
    const environment = await readFile(`/proc/${String(child.pid)}/environ`, 'utf8');
    expect(environment.split('\0')).toContain('UV_THREADPOOL_SIZE=16');
    expect(commandLine.split('\0').slice(0, flags.length + 2)).toEqual(['node', ...flags, program]);
  });

  it('recovers in a thread what is large, and says how much it was', async () => {
    const folder = await temporaryFolder();
    const batch = buildBatch({
      records: [{ timestampMs: 1, key: null, value: Buffer.alloc(1 << 20) }],
    });
    const batches = Array.from({ length: 16 }, (_, baseOffset) => {
      const copy = Buffer.from(batch);
      patchBatch(copy, 0, { baseOffset, partitionLeaderEpoch: 0 });
      return copy;
    });
    await mkdir(join(folder, 'large-0'));
    const file = join(folder, 'large-0', '00000000000000000000.log');
    await writeFile(file, Buffer.concat([...batches, batch.subarray(0, 1000)]));
    const { output } = await startProgram(folder);
    const lines = output().split('\n');
    const bytes = String(16 * batch.length);
    const done = lines.find((line) => line.includes('"msg":"recovery is done"'));
    expect(done).toContain(`"partitions":1,"bytes":${bytes}`);
    const cut = lines.find((line) => line.includes('"endOffset":16'));
    expect(cut).toContain('the log was cut back to its last whole batch');
    expect((await stat(file)).size).toBe(16 * batch.length);
  }, 30_000);

  it('reads every acknowledged record again after SIGKILL', async () => {
    const folder = await temporaryFolder();
    const first = await startProgram(folder);
    const client = await connect(first.port);
    await makeTopic(client, 'orders');
    const acknowledged: string[] = [];
    const producing = (async () => {
      for (let count = 0; ; count += 1) {
        const value = `record ${String(count)}`;
        const answer = await produceTo(client, 'orders', batchOf([value]));
        assert.equal(answer.errorCode, 0);
        acknowledged.push(value);
        if (count === 300) first.child.kill('SIGKILL');
      }
    })();
    await expect(producing).rejects.toThrow('connection');
    expect(await ended(first.child)).toBe('SIGKILL');
    const second = await startProgram(folder);
    const again = await connect(second.port);
    const values: string[] = [];
    while (values.length < acknowledged.length) {
      values.push(...(await valuesFrom(again, 'orders', { offset: values.length })));
    }
    expect(values.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect((await produceTo(again, 'orders', batchOf(['after']))).errorCode).toBe(0);
    again.close();
    second.child.kill('SIGTERM');
    expect(await ended(second.child)).toBe(0);
  }, 30_000);

  it('ends with code 1 and the key when its configuration makes no sense', async () => {
    const folder = await temporaryFolder();
    await expect(startProgram(folder, 'log.retention.ms=soon')).rejects.toThrow(
      /exit 1:[^]*log\.retention\.ms/,
    );
  }, 30_000);

  it.each([
    ['LOG_LEVEL', { LOG_LEVEL: 'foo' }, []],
    ['HOSTNAME_COMMAND', { HOSTNAME_COMMAND: 'exit 3' }, []],
    ['/no/such/file', {}, ['/no/such/file']],
  ])(
    'ends with code 1 and one line that names %s',
    async (named, env, args) => {
      const child = spawn(program, ['broker', ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], ...env },
      });
      add(child);
      let output = '';
      child.stdout.on('data', (data: Buffer) => (output += data.toString()));
      child.stderr.on('data', (data: Buffer) => (output += data.toString()));
      await once(child, 'close');
      expect(child.exitCode).toBe(1);
      expect(output.trim().split('\n')).toHaveLength(1);
      expect(output).toContain(named);
      expect(output).not.toContain('stack');
    },
    30_000,
  );

  it('ends with code 2 and its usage for arguments that make no sense', async () => {
    const child = spawn(program, ['brocker'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    add(child);
    let output = '';
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    await once(child, 'close');
    expect(child.exitCode).toBe(2);
    expect(output).toMatch(/^Usage: odradek broker/);
  }, 30_000);
});
