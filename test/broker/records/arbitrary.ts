/** Random batches for property tests. */

import fc from 'fast-check';
import type { BatchContent } from '../../../broker/records/builder.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const bytesOrNull = fc.option(bytes);

const record = fc.record({
  timestampMs: fc.oneof(fc.integer({ min: -1, max: 5000 }), fc.nat({ max: 2 ** 45 })),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'binary', maxLength: 20 }), value: bytesOrNull }),
    { maxLength: 3 },
  ),
});

/** As a client sends it: base offset 0, no control records. */
export const producedBatch: fc.Arbitrary<BatchContent> = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 40 }),
  producer: fc.record({
    id: fc.nat({ max: 2 ** 40 }),
    epoch: fc.nat({ max: 1000 }),
    baseSequence: fc.nat(),
  }),
  isTransactional: fc.boolean(),
});
