/** One try of a probe: an HTTP request, a TCP connection or a command in the container's environment. */

import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';

import type { Timers } from '../../../broker/platform/timers.ts';
import type { Container, Probe } from '../resources/pod.ts';
import type { ProbeAttempt } from './probe-loop.ts';

export interface ProbeTarget {
  readonly timers: Timers;
  readonly container: Container;
  readonly podAddress: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Puts a command into terms of this machine. */
  readonly rewrite: (text: string) => string;
}

export function probeAttempt(probe: Probe, target: ProbeTarget): ProbeAttempt {
  const once = attemptOf(probe, target);
  return async (signal) => {
    const timeout = new AbortController();
    const timer = target.timers.after(probe.timeoutSeconds * 1000, () => timeout.abort());
    const problem = await once(AbortSignal.any([signal, timeout.signal]));
    timer.cancel();
    const seconds = String(probe.timeoutSeconds);
    return timeout.signal.aborted ? `the probe took more than ${seconds} s` : problem;
  };
}

function attemptOf({ httpGet, tcpSocket, exec }: Probe, target: ProbeTarget): ProbeAttempt {
  if (httpGet !== undefined) return (signal) => getHttp(httpGet, target, signal);
  if (tcpSocket !== undefined) return (signal) => connectTcp(tcpSocket, target, signal);
  if (exec !== undefined) return (signal) => execute(exec.command, target, signal);
  return () => Promise.resolve('the probe says nothing of what to do');
}

function getHttp(
  { path, port, host, httpHeaders }: NonNullable<Probe['httpGet']>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<string | null> {
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  return new Promise((resolve) => {
    const options = {
      host: host ?? target.podAddress,
      port: portNumber(port, target.container),
      path,
      headers: { ...headers, connection: 'close' },
      signal,
    };
    const sent = request(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      const isGood = status >= 200 && status < 400;
      resolve(isGood ? null : `HTTP probe failed with status ${String(status)}`);
    });
    sent.on('error', (error) => resolve(`HTTP probe failed: ${error.message}`));
    sent.end();
  });
}

function connectTcp(
  { port, host }: NonNullable<Probe['tcpSocket']>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    const address = host ?? target.podAddress;
    const socket = connect({ host: address, port: portNumber(port, target.container), signal });
    socket.on('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.on('error', (error) => resolve(`TCP probe failed: ${error.message}`));
  });
}

function execute(
  command: readonly string[],
  { rewrite, env, folder }: ProbeTarget,
  signal: AbortSignal,
): Promise<string | null> {
  const [file = '', ...args] = command.map(rewrite);
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: folder, signal, killSignal: 'SIGKILL' }, (error, out, err) => {
      const said = `${out}${err}`.trim().slice(0, 500);
      resolve(error === null ? null : `command failed: ${said === '' ? error.message : said}`);
    });
  });
}

/** 0, where nobody listens, for a name that the container does not have. */
function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  return container.ports.find(({ name }) => name === port)?.containerPort ?? 0;
}
