/**
 * The expected failures of the Kafka protocol. Handlers map them to the error code of the answer;
 * anything else that is thrown is a defect.
 */

import type { ErrorCode } from './error-codes.ts';
import { errorName } from './error-codes.ts';

/**
 * An expected failure: `code` goes to the client, `message` too where the answer has room for one. It
 * has no stack trace: it is an answer, which clients that poll get thousands of times a second, and a
 * trace costs more than all the rest of it. A cause keeps its own.
 */
export class KafkaError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message ?? errorName(code), options);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'KafkaError';
    this.code = code;
  }
}

/** The code that answers `error`: its own for a KafkaError, UNKNOWN_SERVER_ERROR for anything else. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof KafkaError ? error.code : -1;
}
