/**
 * What passes between the broker and its worker threads. Errors travel as plain data: a structured
 * clone would drop their codes.
 */

import type { ErrorCode } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';

/** Longer chains of causes are cut. */
const CAUSES_MAX = 5;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type ToThread =
  | { readonly kind: 'run'; readonly job: string; readonly input: unknown }
  | { readonly kind: 'abort'; readonly reason: SentError };

export type FromThread =
  | { readonly kind: 'progress'; readonly progress: number }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly fields: SentFields;
      readonly message: string;
    }
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: SentError };

export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a KafkaError. */
  readonly kafkaCode: ErrorCode | undefined;
  /** Of an error of the file system, and of others of Node. */
  readonly code: string | undefined;
  readonly cause: SentError | undefined;
}

/** Fields of a log line; the one under `err` is an error. */
export interface SentFields {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly err: SentError | undefined;
}

export function sendError(error: unknown, causesLeft = CAUSES_MAX): SentError {
  const known = isErrorLike(error) ? error : new Error(`not an error: ${String(error)}`);
  const { name, message, stack, cause } = known;
  const code = 'code' in known && typeof known.code === 'string' ? known.code : undefined;
  return {
    name,
    message,
    stack,
    kafkaCode: known instanceof KafkaError ? known.code : undefined,
    code,
    cause: cause === undefined || causesLeft === 0 ? undefined : sendError(cause, causesLeft - 1),
  };
}

export function receiveError(sent: SentError): Error {
  const { name, message, stack, kafkaCode, code } = sent;
  const options = sent.cause === undefined ? {} : { cause: receiveError(sent.cause) };
  const error =
    kafkaCode === undefined
      ? new Error(message, options)
      : new KafkaError(kafkaCode, message, options);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}

export function sendFields(fields: object): SentFields {
  const { err, ...plain }: { err?: unknown; [key: string]: unknown } = { ...fields };
  return { fields: plain, err: err === undefined ? undefined : sendError(err) };
}

export function receiveFields({ fields, err }: SentFields): object {
  return err === undefined ? fields : { ...fields, err: receiveError(err) };
}

/** Not `instanceof`: where code runs in a context of its own, Node's errors are of another Error. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'name' in error;
}
