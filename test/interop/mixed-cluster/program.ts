/** Who runs on the folders of the cluster: Apache Kafka first, then the peer that it is rolled to, and back. */

import type { ApacheVersion } from '../support/broker-under-test.ts';

export type Program = 'odradek' | ApacheVersion;

/** Ours from dist/; with `--peer kafka` the other version of Apache Kafka, so that the test itself is proven. */
export function peerOf(apache: ApacheVersion, wanted = process.env.ODRADEK_PEER): Program {
  if (wanted === undefined || wanted === '' || wanted === 'odradek') return 'odradek';
  if (wanted === 'kafka') return apache === '2.8.1' ? '3.9.1' : '2.8.1';
  throw new Error(`--peer ${wanted}: it can be odradek or kafka`);
}
