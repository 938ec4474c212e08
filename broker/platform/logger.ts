/**
 * Structured logs: one child per component, constant messages, facts in fields, errors under `err`.
 * Pino fits this port; tests and the simulation collect.
 */

import { pino } from 'pino';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** Logs as JSON lines on standard output. `level` is one of pino's. */
export function systemLogger(level: string): Logger {
  return pino({ level, base: null });
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
