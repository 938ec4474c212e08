/** A real ZooKeeper on loopback, for the tests that need one: a child process with a folder of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findZooKeeper } from '../../scripts/lib/zookeeper.mjs';

export interface ZooKeeperServer {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Such as `127.0.0.1:40123`. */
  readonly connect: string;
  /** For faults that a test makes by signals. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Sessions of at least one second can be had from it. */
const tickTimeMs = 500;
const startLimitMs = 60_000;
const host = '127.0.0.1';

/** Ready when it resolves. Rejects with what is missing, or with what the server printed. */
export async function startZooKeeper(): Promise<ZooKeeperServer> {
  const found = findZooKeeper();
  assert(found !== null, 'These tests need ZooKeeper and Java: apt-get install zookeeper');
  const folder = await mkdtemp(join(tmpdir(), 'odradek-zookeeper-'));
  const port = await freePort();
  const config = join(folder, 'zoo.cfg');
  await writeFile(config, configuration(folder, port));
  const [java, ...options] = found.command;
  assert(java !== undefined);
  const child = spawn(java, [...options, config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collectOutput(child);
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([answers(port), failed(child, output)]);
  } catch (error) {
    await stop();
    throw error;
  }
  assert(child.pid !== undefined);
  const address = `${host}:${String(port)}`;
  return { host, port, connect: address, version: found.version, pid: child.pid, stop };
}

function configuration(folder: string, port: number): string {
  return [
    `tickTime=${String(tickTimeMs)}`,
    `dataDir=${join(folder, 'data')}`,
    `clientPortAddress=${host}`,
    `clientPort=${String(port)}`,
    '4lw.commands.whitelist=ruok',
    'admin.enableServer=false',
    'maxClientCnxns=0',
    '',
  ].join('\n');
}

/** ZooKeeper cannot tell which port it got for 0, so one that was free a moment ago is taken. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

async function answers(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < startLimitMs; waitedMs += 25) {
    if (await isOk(port)) return;
    await sleep(25);
  }
  throw new Error(`ZooKeeper did not answer within ${String(startLimitMs)} ms`);
}

function isOk(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => socket.write('ruok'));
    socket.on('data', (data) => resolve(data.toString() === 'imok'));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

function collectOutput(child: ChildProcess): () => string {
  let output = '';
  const collect = (data: Buffer): void => {
    output = (output + data.toString()).slice(-10_000);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return () => output;
}

async function failed(child: ChildProcess, output: () => string): Promise<never> {
  await once(child, 'exit');
  throw new Error(`ZooKeeper ended while it started:\n${output()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(timer);
}
