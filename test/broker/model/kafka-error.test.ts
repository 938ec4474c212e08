import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../../broker/model/kafka-error.ts';

describe('KafkaError', () => {
  it('is an answer: it has no trace of its own, and keeps that of its cause', () => {
    const cause = new Error('the disk is gone');
    const error = new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, 'no log', { cause });
    expect(error.stack).not.toContain('\n');
    expect(error).toMatchObject({ name: 'KafkaError', message: 'no log', cause });
    expect(cause.stack).toContain('\n    at ');
    expect(new Error('another one').stack).toContain('\n    at ');
  });

  it('says its name where there is nothing more to say', () => {
    const error = new KafkaError(ErrorCodes.OFFSET_OUT_OF_RANGE);
    expect(error.message).toBe('OFFSET_OUT_OF_RANGE');
    expect([errorCodeOf(error), errorCodeOf(new Error('a defect'))]).toEqual([1, -1]);
  });
});
