/** The program itself, as a process from dist/, with the embedded store; killed after each test. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from '@jest/globals';

export interface Program {
  readonly child: ChildProcess;
  readonly port: number;
  readonly output: () => string;
}

interface BrokerPrograms {
  /** Ready when it resolves: the broker has said that it started, and on which port. */
  readonly start: (folder: string, ...more: readonly string[]) => Promise<Program>;
  /** The same by way of a command that becomes the program it is given behind its own arguments. */
  readonly startBy: (
    command: readonly string[],
    folder: string,
    ...more: readonly string[]
  ) => Promise<Program>;
  /** The exit code, or the signal that ended it. */
  readonly ended: (child: ChildProcess) => Promise<number | string>;
  /** One that was started otherwise is killed with the others. */
  readonly add: (child: ChildProcess) => void;
}

/** As the image and local mode run it: its first line says by what. */
export const program = 'dist/broker/main.js';

export function brokerPrograms(): BrokerPrograms {
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  const run = ([command = program, ...given]: readonly string[]): Promise<Program> => {
    const child = spawn(command, given, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LOG_LEVEL: 'info' },
    });
    running.push(child);
    return untilStarted(child);
  };
  return {
    start: (folder, ...more) => run([program, ...argumentsFor(folder, more)]),
    startBy: (command, folder, ...more) =>
      run([...command, program, ...argumentsFor(folder, more)]),
    ended: async (child) => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode ?? child.signalCode ?? 'nothing';
    },
    add: (child) => running.push(child),
  };
}

function argumentsFor(folder: string, more: readonly string[]): readonly string[] {
  const properties = [
    'broker.id=0',
    'zookeeper.connect=local:',
    'listeners=PLAINTEXT://127.0.0.1:0',
    `log.dirs=${folder}`,
    'odradek.http.port=',
    'offsets.topic.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    ...more,
  ];
  return ['broker', ...properties.flatMap((property) => ['--override', property])];
}

async function untilStarted(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
): Promise<Program> {
  let output = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      const found = /"ports":\{"PLAINTEXT":(\d+)\}/.exec(output);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('exit', (code) => reject(new Error(`exit ${String(code)}:\n${output}`)));
  });
  return { child, port, output: () => output };
}
