/**
 * The expected failures of the Kafka protocol. Handlers map them to the error code of the answer;
 * anything else that is thrown is a defect.
 */

import type { ErrorCode } from './error-codes.ts';
import { errorName } from './error-codes.ts';

/** An expected failure: `code` goes to the client, `message` too where the answer has room for one. */
export class KafkaError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: ErrorOptions) {
    super(message ?? errorName(code), options);
    this.name = 'KafkaError';
    this.code = code;
  }
}

/** The code that answers `error`: its own for a KafkaError, UNKNOWN_SERVER_ERROR for anything else. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof KafkaError ? error.code : -1;
}
