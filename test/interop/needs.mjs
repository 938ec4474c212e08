/** What the scenarios of this folder need beside what scripts/lib/needs.mjs knows. */

import { fetchPart, partNames } from './maven/fetch.mjs';

export default {
  kafka: {
    what: 'Apache Kafka 2.8.1, 3.9.1 and 4.3.1 from Maven Central',
    needs: ['java', 'maven'],
    prepare: async () =>
      partNames()
        .map(fetchPart)
        .find((failure) => failure !== null) ?? null,
  },
};
