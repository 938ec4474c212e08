/**
 * The text of a value against the type and range of its key. Messages have the form of Kafka's
 * ConfigException, because users search for them.
 */

import type { ConfigKey, ConfigType } from './config-key.ts';

/** Null: `text` is a value of `key`. Otherwise one line with key, value and what is allowed. */
export function valueProblem(key: ConfigKey, text: string): string | null {
  const said = key.type === 'PASSWORD' ? '[hidden]' : text;
  const problem = typeProblem(key.type, text.trim()) ?? rangeProblem(key, text.trim());
  return problem === null
    ? null
    : `Invalid value ${said} for configuration ${key.name}: ${problem}`;
}

/** The elements of a LIST. */
export function listElements(text: string): readonly string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
}

/** INT, SHORT, LONG or DOUBLE that has been checked. 2^63 - 1 is Infinity: it means "no limit". */
export function numberOf(text: string): number {
  const value = Number(text);
  return value >= 2 ** 63 ? Infinity : value;
}

export function booleanOf(text: string): boolean {
  return text.trim().toLowerCase() === 'true';
}

/** Bounds of the whole numbers, inclusive. */
const bounds: Readonly<Partial<Record<ConfigType, readonly [bigint, bigint]>>> = {
  SHORT: [-(2n ** 15n), 2n ** 15n - 1n],
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
};

function typeProblem(type: ConfigType, text: string): string | null {
  const range = bounds[type];
  if (range !== undefined) {
    const whole = /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : null;
    const fits = whole !== null && whole >= range[0] && whole <= range[1];
    return fits ? null : `Not a number of type ${type}`;
  }
  if (type === 'DOUBLE') {
    return text !== '' && Number.isFinite(Number(text)) ? null : 'Not a number of type DOUBLE';
  }
  if (type === 'BOOLEAN') {
    return /^(true|false)$/i.test(text) ? null : 'Expected value to be either true or false';
  }
  return null;
}

function rangeProblem(key: ConfigKey, text: string): string | null {
  const values = key.type === 'LIST' ? listElements(text) : [text];
  const accepted = values.every((value) => key.allowed.accepts(value));
  if (accepted) return null;
  return `${key.type === 'LIST' ? 'Each value' : 'Value'} must be ${key.allowed.description}`;
}
