/** A server on a host of the test: it can be killed, paused, and is put away with the run whatever happens. */

import assert from 'node:assert/strict';
import type { ServerOptions } from '../../support/server-process.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { Host } from './network.ts';
import { noteProcess } from './run-folder.mjs';

export class HostServer extends ServerProcess {
  readonly host: Host;
  readonly #runFolder: string;

  constructor(options: ServerOptions, place: { readonly host: Host; readonly runFolder: string }) {
    const [command = options.command, ...args] = [
      ...place.host.enter,
      options.command,
      ...options.args,
    ];
    super({ ...options, command, args });
    this.host = place.host;
    this.#runFolder = place.runFolder;
  }

  get isRunning(): boolean {
    return this.pid !== null;
  }

  override async start(): Promise<void> {
    const started = super.start();
    const { pid } = this;
    if (pid !== null) noteProcess(this.#runFolder, pid);
    await started;
  }

  /** It does nothing at all until resume(), and notices nothing. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    assert(pid !== null, 'it runs');
    process.kill(pid, signal);
  }
}
