/**
 * What was done in a simulated world: the last lines to be read, and a hash over every line and every
 * step, by which two runs of one seed are compared.
 */

const LINES_KEPT = 4000;

export class Trace {
  readonly #elapsedMs: () => number;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  #steps = 0;

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  get hash(): string {
    return `${(this.#hash >>> 0).toString(16)} after ${String(this.#steps)} steps`;
  }

  note(text: string): void {
    const line = `${String(this.#elapsedMs())} ${text}`;
    for (let index = 0; index < line.length; index += 1) this.#mix(line.charCodeAt(index));
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT * 2) this.#lines.splice(0, LINES_KEPT);
  }

  step(sequence: number): void {
    this.#steps += 1;
    this.#mix(sequence);
  }

  tail(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }

  /** FNV-1a, over whole numbers instead of bytes. */
  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
