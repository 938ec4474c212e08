/** What values a configuration key takes: a test, and the words for it in errors and documentation. */

export interface Allowed {
  /** Continues "Value must be"; empty where the type says everything. */
  readonly description: string;
  /** Of a LIST each element is asked for. `text` has passed the check of its type. */
  accepts(text: string): boolean;
}

export const anything: Allowed = { description: '', accepts: () => true };

export function atLeast(least: number): Allowed {
  return {
    description: `at least ${String(least)}`,
    accepts: (text) => Number(text) >= least,
  };
}

export function between(least: number, most: number): Allowed {
  return {
    description: `between ${String(least)} and ${String(most)}`,
    accepts: (text) => Number(text) >= least && Number(text) <= most,
  };
}

/** One more value beside those of `allowed`, such as -1 for no limit. */
export function orExactly(value: number, allowed: Allowed): Allowed {
  return {
    description: `${String(value)} or ${allowed.description}`,
    accepts: (text) => Number(text) === value || allowed.accepts(text),
  };
}

export function oneOf(...values: readonly string[]): Allowed {
  return {
    description: `one of ${values.join(', ')}`,
    accepts: (text) => values.includes(text),
  };
}

export function matching(description: string, pattern: RegExp): Allowed {
  return { description, accepts: (text) => pattern.test(text) };
}
