/** A client as a process: its lines as they come, and its end, which is not to take forever. */

import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { noteProcess } from '../support/run-folder.mjs';

const endLimitMs = 60_000;

export class ClientProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #closed: Promise<unknown>;
  readonly #last: string[] = [];
  #isKilled = false;

  constructor(command: readonly string[], onLine: (line: string) => void) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    this.#child.stdin.on('error', () => undefined);
    const folder = process.env.ODRADEK_FAULTS_FOLDER;
    if (folder !== undefined && this.#child.pid !== undefined) noteProcess(folder, this.#child.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.#last.push(line);
        if (this.#last.length > 20) this.#last.shift();
        if (!this.#isKilled) onLine(line);
      });
  }

  write(text: string): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(text);
  }

  /** Closes its input. Rejects with its last lines if it does not end in order or in time. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endLimitMs);
    await this.#closed;
    clearTimeout(timer);
    const { exitCode, signalCode } = this.#child;
    if (exitCode === 0 || this.#isKilled) return;
    const how = String(exitCode ?? signalCode);
    throw new Error(`${this.#child.spawnfile} ended with ${how}:\n${this.#last.join('\n')}`);
  }

  kill(): void {
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
  }
}
