/**
 * Loopback addresses: one per pod and one per Service, from a /16 of 127.0.0.0/8 that is this local
 * cluster's own. Linux routes all of 127/8 to the machine itself without further ado. An address
 * belongs to a name for good, so that it can be told before there is a pod and stays after a restart.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { z } from 'zod';

import { fileErrorCode } from '../../../broker/platform/file-system.ts';
import type { Random } from '../../../broker/platform/random.ts';

const savedSchema = z.strictObject({ network: z.int(), names: z.array(z.string()) });
const namesMax = 60_000;

export class AddressBook {
  readonly #file: string;
  /** The second byte of every address. */
  readonly #network: number;
  /** The place in the list is the address. */
  readonly #names: string[];

  /** Reads what was given out before; `file` is kept current. */
  constructor(file: string, random: Random) {
    const saved = read(file);
    this.#file = file;
    // 127.0 and 127.1 are left to what others bind there by habit.
    this.#network = saved?.network ?? 2 + random.integer(253);
    this.#names = [...(saved?.names ?? [])];
  }

  ofPod(namespace: string, name: string): string {
    return this.#address(`pod ${namespace}/${name}`);
  }

  ofService(namespace: string, name: string): string {
    return this.#address(`service ${namespace}/${name}`);
  }

  #address(name: string): string {
    let index = this.#names.indexOf(name);
    if (index < 0) {
      if (this.#names.length >= namesMax) throw new Error('no loopback addresses are left');
      index = this.#names.push(name) - 1;
      this.#save();
    }
    const third = Math.floor(index / 254);
    return `127.${String(this.#network)}.${String(third)}.${String(1 + (index % 254))}`;
  }

  #save(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    const text = JSON.stringify({ network: this.#network, names: this.#names }, null, 2);
    writeFileSync(`${this.#file}.new`, text);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function read(file: string): z.output<typeof savedSchema> | null {
  try {
    return savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return null;
    throw new Error(`${file} is not what local mode writes there; remove it to begin anew`, {
      cause: error,
    });
  }
}
