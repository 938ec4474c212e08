/** Reads values by their keys, out of layers that have been checked. */

import { brokerKey } from './broker-keys.ts';
import type { BrokerLayers } from './resolve.ts';
import { effectiveText } from './resolve.ts';
import { booleanOf, listElements, numberOf } from './values.ts';

export class SettingReader {
  readonly #layers: BrokerLayers;

  constructor(layers: BrokerLayers) {
    this.#layers = layers;
  }

  /** Null where neither a layer nor the table has a value, or an empty one. */
  optional(name: string): string | null {
    const text = effectiveText(brokerKey(name), this.#layers)?.trim();
    return text === undefined || text === '' ? null : text;
  }

  text(name: string): string {
    return this.optional(name) ?? '';
  }

  /** Infinity for 2^63 - 1. */
  number(name: string): number {
    return numberOf(this.text(name));
  }

  /** A number of which everything below 0 means no limit: Infinity. */
  limit(name: string): number {
    const value = this.number(name);
    return value < 0 ? Infinity : value;
  }

  boolean(name: string): boolean {
    return booleanOf(this.text(name));
  }

  list(name: string): readonly string[] {
    return listElements(this.text(name));
  }
}
