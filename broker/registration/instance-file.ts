/**
 * The instance file: what a pod's broker is told about itself while it runs: the addresses under
 * which clients reach each of its listeners, and its rack. Written by the operator, one file per
 * broker id; read again and again, because a mounted ConfigMap changes behind a link.
 *
 *     {"generation": 3, "rack": "zone-1", "listeners": [{"name": "INTERNAL", "host": "h", "port": 9092}]}
 */

import type { FileSystem } from '../platform/file-system.ts';
import { fileErrorCode } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Timer, Timers } from '../platform/timers.ts';

const POLL_MS = 1000;

export interface InstanceAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface Instance {
  readonly generation: number;
  readonly rack: string | null;
  readonly listeners: readonly InstanceAddress[];
}

/** Throws an Error that says what is wrong. */
function parseInstance(text: string): Instance {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error('it is not a JSON object');
  const { generation = 0, rack = null, listeners } = value;
  if (typeof generation !== 'number') throw new Error('generation is not a number');
  if (rack !== null && typeof rack !== 'string') throw new Error('rack is not text');
  if (!Array.isArray(listeners)) throw new Error('listeners is not a list');
  return { generation, rack, listeners: listeners.map(parseAddress) };
}

export class InstanceFile {
  readonly #path: string;
  readonly #fileSystem: FileSystem;
  readonly #timers: Timers;
  readonly #logger: Logger;
  #text: string | null = null;
  #timer: Timer | null = null;
  #complaint = '';

  constructor(options: {
    readonly path: string;
    readonly fileSystem: FileSystem;
    readonly timers: Timers;
    readonly logger: Logger;
  }) {
    this.#path = options.path;
    this.#fileSystem = options.fileSystem;
    this.#timers = options.timers;
    this.#logger = options.logger;
  }

  /** Calls back with the first valid content, and with each change. */
  start(onInstance: (instance: Instance) => void): void {
    const poll = (): void => void this.#poll(onInstance);
    this.#timer = this.#timers.every(POLL_MS, poll);
    poll();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #poll(onInstance: (instance: Instance) => void): Promise<void> {
    try {
      const text = (await this.#fileSystem.readFile(this.#path)).toString('utf8');
      if (text === this.#text || this.#timer === null) return;
      const instance = parseInstance(text);
      this.#text = text;
      this.#complaint = '';
      onInstance(instance);
    } catch (error) {
      const isMissing = fileErrorCode(error) === 'ENOENT';
      this.#complain(isMissing ? 'it does not exist yet' : String(error));
    }
  }

  #complain(reason: string): void {
    if (reason === this.#complaint) return;
    this.#complaint = reason;
    this.#logger.warn({ path: this.#path, reason }, 'the instance file cannot be used');
  }
}

function parseAddress(value: unknown): InstanceAddress {
  if (!isObject(value)) throw new Error('a listener is not an object');
  const { name, host, port } = value;
  if (typeof name !== 'string' || typeof host !== 'string' || typeof port !== 'number') {
    throw new Error('a listener lacks name, host or port');
  }
  return { name, host, port };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
