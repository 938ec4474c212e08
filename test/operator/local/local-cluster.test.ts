import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { silentLogger } from '../../../broker/platform/logger.ts';
import { podKind } from '../../../operator/local/resources/pod.ts';
import { statefulSetKind } from '../../../operator/local/resources/stateful-set.ts';
import type { LocalCluster } from '../../../operator/local/local-cluster.ts';
import { startLocalCluster } from '../../../operator/local/local-cluster.ts';
import { Recorded } from './recorded.ts';
import type { Scratch } from './scratch.ts';
import { scratchFolder } from './scratch.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(60_000);

/** Stands for a broker: it reads its configuration, is healthy, and tells its id to who connects. */
const standIn = `
  const fs = require('node:fs');
  const net = require('node:net');
  const file = process.argv.find((argument) => argument.endsWith('server.properties'));
  const properties = Object.fromEntries(
    fs.readFileSync(file, 'utf8').split('\\n').map((line) => line.split(/=(.*)/s)));
  fs.mkdirSync(properties['log.dirs'], { recursive: true });
  const { KAFKA_BROKER_ID: id } = process.env;
  require('node:http').createServer((request, response) => response.end())
    .listen(properties['odradek.http.port'], properties['odradek.http.host']);
  for (const listener of properties.listeners.split(',')) {
    const [, host, port] = /:\\/\\/(.*):(\\d+)$/.exec(listener);
    net.createServer((socket) => socket.end(id + ' ' + process.pid)).listen(port, host);
  }
  process.on('SIGTERM', () => process.exit(0));
`;

const cluster = `
apiVersion: odradek.dev/v1beta1
kind: KafkaCluster
metadata: {name: demo}
spec:
  broker: {replicas: 2, storage: {size: 1Gi}}
  zookeeper: {external: {connect: "zk.example:2181"}}
  listeners: [{name: internal, port: 9092, type: Internal}]
`;

async function podsReady(recorded: Recorded, from = 0): Promise<void> {
  for (const pod of ['demo-broker-0', 'demo-broker-1']) {
    await recorded.until((event) => event.type === 'pod-ready' && event.pod === pod, from);
  }
}

/** What the stand-in at `host:port` says: its id and its process. */
function ask(address: string): Promise<readonly [id: string, pid: number]> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host ?? '', port: Number(port) });
    socket.on('error', reject);
    socket.on('data', (data) => {
      const [id = '', pid = ''] = String(data).split(' ');
      resolve([id, Number(pid)]);
      socket.destroy();
    });
  });
}

describe('The local cluster', () => {
  let scratch: Scratch;
  let recorded: Recorded;
  let local: LocalCluster;
  const dataFolder = (): string => join(scratch.folder, 'data');
  const start = (): Promise<LocalCluster> =>
    startLocalCluster({
      folder: scratch.folder,
      dataFolder: dataFolder(),
      brokerCommand: [process.execPath, '-e', standIn, '--'],
      zookeeperCommand: null,
      onEvent: recorded.add,
      logger: silentLogger,
    });
  beforeEach(async () => {
    scratch = scratchFolder();
    recorded = new Recorded();
    writeFileSync(join(scratch.folder, 'cluster.yaml'), cluster);
    local = await start();
    await podsReady(recorded);
  });
  afterEach(async () => {
    await local.stop();
    scratch.remove();
  });

  it('turns a KafkaCluster into brokers, each on its own address, with a Service in front', async () => {
    const one = local.resolve('demo-broker-1.demo-broker.default.svc:9092');
    expect(one).toMatch(/^127\.\d+\.0\.\d+:9092$/);
    expect((await ask(one))[0]).toBe('1');
    const bootstrap = local.resolve('demo-bootstrap.default.svc:9092');
    const ids = [(await ask(bootstrap))[0], (await ask(bootstrap))[0]];
    expect(ids.sort()).toEqual(['0', '1']);
    expect(existsSync(join(dataFolder(), 'volumes/default/data-demo-broker-0/data'))).toBe(true);
  });

  it('starts a broker again that is killed', async () => {
    const address = local.resolve('demo-broker-0.demo-broker:9092');
    const [, pid] = await ask(address);
    const from = recorded.events.length;
    process.kill(pid, 'SIGKILL');
    await recorded.until((event) => event.type === 'pod-restarting', from);
    await recorded.until((event) => event.type === 'pod-ready', from);
    expect((await ask(address))[1]).not.toBe(pid);
  });

  it('refuses a file with a line that names the field, and leaves the cluster as it is', async () => {
    writeFileSync(
      join(scratch.folder, 'cluster.yaml'),
      cluster.replace('replicas: 2', 'replicas: 0'),
    );
    const refused = await recorded.until((event) => event.type === 'file-refused');
    expect(refused).toMatchObject({
      message: expect.stringContaining('cluster.yaml: KafkaCluster demo: spec.broker.replicas: 0'),
    });
    const { items } = await local.kube.list(podKind, {});
    expect(items).toHaveLength(2);
  });

  it('ends everything when its resource is deleted', async () => {
    const key = { namespace: 'default', name: 'demo-broker' };
    const from = recorded.events.length;
    unlinkSync(join(scratch.folder, 'cluster.yaml'));
    for (const pod of ['demo-broker-0', 'demo-broker-1']) {
      await recorded.until((event) => event.type === 'pod-stopped' && event.pod === pod, from);
    }
    expect(await local.kube.get(statefulSetKind, key)).toBeNull();
  });

  it('leaves nothing running, and finds volumes and addresses again', async () => {
    const address = local.resolve('demo-broker-0.demo-broker:9092');
    const [, pid] = await ask(address);
    const kept = join(dataFolder(), 'volumes/default/data-demo-broker-0/data/kept');
    writeFileSync(kept, 'kept');
    await local.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    const from = recorded.events.length;
    local = await start();
    await podsReady(recorded, from);
    expect(local.resolve('demo-broker-0.demo-broker:9092')).toBe(address);
    expect(readFileSync(kept, 'utf8')).toBe('kept');
  });

  it('refuses a data folder that another local cluster uses', async () => {
    const other = spawn('sleep', ['100'], { stdio: 'ignore' });
    await once(other, 'spawn');
    await local.stop();
    const file = join(dataFolder(), 'processes.json');
    const stat = readFileSync(`/proc/${String(other.pid)}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const owner = JSON.stringify({ pid: other.pid, startTicks });
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/"owner":\{[^}]*\}/, `"owner":${owner}`),
    );
    await expect(start()).rejects.toThrow(/in use/);
    other.kill();
    await once(other, 'exit');
  });
});
