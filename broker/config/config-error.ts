/** A configuration that no broker starts with: everything that is wrong with it, at once. */

export class ConfigError extends Error {
  /** Each a whole line: key, value and what is allowed. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
