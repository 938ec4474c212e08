import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { configMapKind, serviceKind } from '../../../operator/local/resources/others.ts';
import type { Pod } from '../../../operator/local/resources/pod.ts';
import { isReady, podKind } from '../../../operator/local/resources/pod.ts';
import type { Node } from './scratch.ts';
import { eventually, gone, startNode } from './scratch.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(60_000);

const key = { namespace: 'default', name: 'p-0' };

/** Answers every request with what `answer` says, on the pod's address. */
const server = (answer: string): string =>
  `
  const fs = require('node:fs');
  process.on('SIGTERM', () => process.exit(0));
  require('node:http').createServer((request, response) => {
    try { response.end(String(${answer})); }
    catch (error) { response.statusCode = 500; response.end(String(error)); }
  }).listen(8080, '0.0.0.0');
`.replaceAll('\n', ' ');

const readiness = { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 };

function pod(container: object, spec: object = {}, labels: Record<string, string> = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...key, labels },
    spec: {
      ...spec,
      containers: [
        {
          name: 'main',
          image: 'script',
          ports: [{ name: 'http', containerPort: 8080 }],
          ...container,
        },
      ],
    },
  };
}

const configMap = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config', namespace: 'default' },
  data,
});

const ready = (object: Pod): boolean => isReady(object);
const restarted =
  (times: number) =>
  (object: Pod): boolean =>
    (object.status?.containerStatuses[0]?.restartCount ?? 0) >= times;

async function ask(object: Pod): Promise<string> {
  const response = await fetch(`http://${object.status?.podIP ?? ''}:8080/`);
  return response.text();
}

describe('The kubelet of local mode', () => {
  let node: Node;
  beforeEach(() => {
    node = startNode();
  });
  afterEach(() => node.stop());

  it('runs a pod with its environment on an address of its own until it is ready', async () => {
    const env = [
      { name: 'ORDINAL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['index']" } } },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'BOTH', value: '$(NAME)/$(ORDINAL)/$(OTHER)/$$(NAME)' },
      { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'BIND', value: 'http://0.0.0.0:1' },
    ];
    const script = server('[process.env.BOTH, process.env.ADDRESS, process.env.BIND].join(" ")');
    await node.store.create(
      podKind,
      pod({ args: [script], env, readinessProbe: readiness }, {}, { index: '7' }),
    );
    const running = await eventually(node.store, podKind, ready);
    const address = running.status?.podIP ?? '';
    expect(address).toMatch(/^127\.\d+\.0\.1$/);
    expect(await ask(running)).toBe(`p-0/7/$(OTHER)/$(NAME) ${address} http://${address}:1`);
    expect(node.events.map((event) => event.type)).toEqual(['pod-started', 'pod-ready']);
  });

  it('mounts ConfigMaps, the pod and volumes as files, with paths and names of this machine', async () => {
    await node.store.create(serviceKind, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', namespace: 'default' },
      spec: { selector: { app: 'none' }, ports: [{ port: 9092 }] },
    });
    await node.store.create(
      configMapKind,
      configMap({
        'app.properties': 'dirs=/var/lib/data/x\nat=svc.default.svc:9092,svc:9092 svc\n',
      }),
    );
    const script = server(
      'fs.readFileSync("/etc/config/app.properties") + fs.readFileSync("/etc/pod/labels") + process.env.WHERE',
    );
    await node.store.create(
      podKind,
      pod(
        {
          args: [script],
          env: [{ name: 'WHERE', value: '/var/lib/data' }],
          readinessProbe: readiness,
          volumeMounts: [
            { name: 'config', mountPath: '/etc/config' },
            { name: 'pod', mountPath: '/etc/pod' },
            { name: 'data', mountPath: '/var/lib/data' },
          ],
        },
        {
          volumes: [
            { name: 'config', configMap: { name: 'config' } },
            {
              name: 'pod',
              downwardAPI: {
                items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }],
              },
            },
            { name: 'data', persistentVolumeClaim: { claimName: 'data-p-0' } },
          ],
        },
        { app: 'x' },
      ),
    );
    const text = await ask(await eventually(node.store, podKind, ready));
    const data = join(node.dataFolder, 'volumes', 'default', 'data-p-0');
    const service = node.addresses.ofService('default', 'svc');
    expect(text).toBe(`dirs=${data}/x\nat=${service}:9092,${service}:9092 svc\napp="x"${data}`);
    expect(existsSync(data)).toBe(true);
  });

  it('updates mounted files of a running pod when their ConfigMap changes', async () => {
    await node.store.create(configMapKind, configMap({ key: 'one' }));
    // The script watches as a program in a cluster would, and is ready once it has seen the change.
    const script = `
      const fs = require('node:fs');
      const look = () => { if (fs.readFileSync('/etc/config/key', 'utf8') === 'two') serve(); };
      const serve = () => { serve.done ??= require('node:net').createServer().listen(8080, '0.0.0.0'); };
      fs.watch('/etc/config', look);
      console.log('watching');
      require('node:net').createServer().listen(8081, '0.0.0.0');
    `.replaceAll('\n', ' ');
    await node.store.create(
      podKind,
      pod(
        {
          args: [script],
          startupProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
          volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
        },
        { volumes: [{ name: 'config', configMap: { name: 'config' } }] },
      ),
    );
    await eventually(
      node.store,
      podKind,
      (object) => object.status?.containerStatuses[0]?.['started'] === true,
    );
    await node.store.apply(configMapKind, configMap({ key: 'two' }), {
      fieldManager: 'test',
      force: true,
    });
    const running = await eventually(node.store, podKind, ready);
    expect(running.status?.containerStatuses[0]?.restartCount).toBe(0);
  });

  it('waits for a ConfigMap that does not exist yet, and says so', async () => {
    await node.store.create(
      podKind,
      pod({
        args: [server('process.env.KEY')],
        env: [{ name: 'KEY', valueFrom: { configMapKeyRef: { name: 'config', key: 'key' } } }],
        readinessProbe: readiness,
      }),
    );
    const waiting = await eventually(node.store, podKind, (object) => {
      const reason = object.status?.containerStatuses[0]?.state.waiting?.reason;
      return reason === 'CreateContainerConfigError';
    });
    expect(waiting.status?.containerStatuses[0]?.state.waiting?.message).toBe(
      'ConfigMap config does not exist',
    );
    await node.store.create(configMapKind, configMap({ key: 'there' }));
    expect(await ask(await eventually(node.store, podKind, ready))).toBe('there');
  });

  it('says what image it has nothing for', async () => {
    await node.store.create(podKind, pod({ image: 'somebody/kafka:3' }));
    const waiting = await eventually(node.store, podKind, (object) => {
      return object.status?.containerStatuses[0]?.state.waiting?.reason === 'ErrImagePull';
    });
    expect(waiting.status?.containerStatuses[0]?.state.waiting?.message).toContain(
      'somebody/kafka:3',
    );
  });

  it('starts a container again that ends, ever later, and tells its exit code', async () => {
    await node.store.create(podKind, pod({ args: ['process.exit(3)'] }));
    const looping = await eventually(node.store, podKind, (object) => {
      const status = object.status?.containerStatuses[0];
      return restarted(2)(object) && status?.state.waiting?.reason === 'CrashLoopBackOff';
    });
    expect(looping.status?.containerStatuses[0]?.lastState.terminated?.exitCode).toBe(3);
    expect(node.events.map((event) => event.type)).toContain('pod-restarting');
    expect(isReady(looping)).toBe(false);
  });

  it('starts a container again that is killed from outside', async () => {
    await node.store.create(
      podKind,
      pod({ args: [server('process.pid')], readinessProbe: readiness }),
    );
    const first = Number(await ask(await eventually(node.store, podKind, ready)));
    process.kill(first, 'SIGKILL');
    await eventually(node.store, podKind, restarted(1));
    const again = await eventually(node.store, podKind, (object) => {
      return restarted(1)(object) && ready(object);
    });
    expect(Number(await ask(again))).not.toBe(first);
    expect(again.status?.containerStatuses[0]?.lastState.terminated?.exitCode).toBe(137);
  });

  it('restarts a container whose liveness probe fails', async () => {
    await node.store.create(
      podKind,
      pod({
        args: [server('1')],
        livenessProbe: {
          exec: { command: ['sh', '-c', 'exit 1'] },
          periodSeconds: 0.01,
          failureThreshold: 2,
        },
      }),
    );
    const object = await eventually(node.store, podKind, restarted(1));
    expect(object.status?.containerStatuses[0]?.restartCount).toBeGreaterThanOrEqual(1);
  });

  it('kills what does not heed SIGTERM once the grace period is over, and the pod is gone', async () => {
    const script = `process.on('SIGTERM', () => console.log('asked')); ${server('process.pid').replace("process.on('SIGTERM', () => process.exit(0));", '')}`;
    await node.store.create(
      podKind,
      pod({ args: [script], readinessProbe: readiness }, { terminationGracePeriodSeconds: 0.3 }),
    );
    const pid = Number(await ask(await eventually(node.store, podKind, ready)));
    await node.store.remove(podKind, key);
    await gone(node.store, podKind, 'p-0');
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    const log = readFileSync(join(node.dataFolder, 'logs', 'default', 'p-0', 'main.log'), 'utf8');
    expect(log).toContain('asked');
  });

  it('puts the log of a running container aside when it has grown', async () => {
    await node.stop();
    node = startNode({ logSizeMax: 1000, logCheckPeriodMs: 20 });
    const emptied =
      '(() => { if (fs.fstatSync(1).size > 0) throw new Error("full"); return "empty"; })()';
    const script = `console.log('x'.repeat(1500)); ${server(emptied)}`;
    await node.store.create(podKind, pod({ args: [script], readinessProbe: readiness }));
    await eventually(node.store, podKind, ready);
    const logs = join(node.dataFolder, 'logs', 'default', 'p-0');
    expect(readFileSync(join(logs, 'main.log.1'), 'utf8')).toBe(`${'x'.repeat(999)}\n`);
  });

  it('runs a new pod of the same name after the old one has ended', async () => {
    const script = server('process.pid');
    const spec = pod({ args: [script], readinessProbe: readiness });
    const first = await node.store.create(podKind, spec);
    await eventually(node.store, podKind, ready);
    await node.store.remove(podKind, key);
    await gone(node.store, podKind, 'p-0');
    await node.store.create(podKind, spec);
    const second = await eventually(node.store, podKind, ready);
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(await ask(second)).toMatch(/^\d+$/);
  });
});
