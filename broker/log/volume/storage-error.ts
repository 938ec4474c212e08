/** What asks for a log that cannot be had is told. */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';

export function storageError(message: string, cause?: unknown): KafkaError {
  return new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, message, { cause });
}
