/** A logger that keeps its lines, for tests that look at them or wait for one. */

import type { Logger } from '../../broker/platform/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export class CollectingLogger implements Logger {
  readonly lines: LogLine[];
  readonly #fields: object;
  readonly #listeners: Set<(line: LogLine) => void>;

  constructor(
    lines: LogLine[] = [],
    fields: object = {},
    listeners: Set<(line: LogLine) => void> = new Set(),
  ) {
    this.lines = lines;
    this.#fields = fields;
    this.#listeners = listeners;
  }

  debug(fields: object, message: string): void {
    this.#add('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  child(fields: object): Logger {
    return new CollectingLogger(this.lines, { ...this.#fields, ...fields }, this.#listeners);
  }

  /** Lines that somebody should read: warnings and errors. */
  get alarms(): readonly LogLine[] {
    return this.lines.filter(({ level }) => level === 'warn' || level === 'error');
  }

  withMessage(message: string): readonly LogLine[] {
    return this.lines.filter((line) => line.message === message);
  }

  /** The first line that fits, now or later. */
  async find(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const found = this.lines.find(fits);
    if (found !== undefined) return found;
    return new Promise((resolve) => {
      const listener = (line: LogLine): void => {
        if (!fits(line)) return;
        this.#listeners.delete(listener);
        resolve(line);
      };
      this.#listeners.add(listener);
    });
  }

  #add(level: LogLevel, fields: object, message: string): void {
    const line = { level, fields: { ...this.#fields, ...fields }, message };
    this.lines.push(line);
    for (const listener of [...this.#listeners]) listener(line);
  }
}
