/**
 * What is wrong with a resource: the field, its value and what is allowed there. The one form in
 * which schema, rules and reconcilers report bad input.
 */

import type { z } from 'zod';

export interface Problem {
  readonly field: string;
  readonly value: unknown;
  /** What may stand there, such as "at least 1". */
  readonly allowed: string;
}

/** One sentence: `spec.broker.replicas: 0 is not allowed; allowed: at least 1`. */
export function problemText(problem: Problem): string {
  const { field, value, allowed } = problem;
  if (value === undefined) return `${field}: missing; allowed: ${allowed}`;
  return `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`;
}

/** All of them in one line, the first five spelled out. */
export function problemsText(problems: readonly Problem[]): string {
  const more = problems.length > 5 ? [`and ${String(problems.length - 5)} more`] : [];
  return [...problems.slice(0, 5).map(problemText), ...more].join('. ');
}

/** The problems behind a failed parse of `input`; `root` is the path of `input` in the resource. */
export function problemsOf(error: z.ZodError, input: unknown, root: string): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const allowed = 'no field of this name';
      return issue.keys.map((key) => problemAt([...path, key], input, root, allowed));
    }
    return [problemAt(path, input, root, allowedBy(issue))];
  });
}

function problemAt(
  path: readonly string[],
  input: unknown,
  root: string,
  allowed: string,
): Problem {
  return { field: [root, ...path].join('.'), value: valueAt(input, path), allowed };
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'invalid_format':
      return issue.pattern === undefined ? issue.format : `text that matches ${issue.pattern}`;
    case 'invalid_union':
      return 'a whole number or text';
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  switch (origin) {
    case 'string':
      return ' characters';
    case 'array':
    case 'record':
      return ' entries';
    default:
      return '';
  }
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<string, unknown>(Object.entries(value)).get(key);
  }
  return value;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
