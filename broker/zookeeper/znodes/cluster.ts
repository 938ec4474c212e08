/** /cluster/id, whose version is text, and /feature: what belongs to the cluster as a whole. */

import { encodeZnode, parseZnode } from './json.ts';

export function encodeClusterId(clusterId: string): Buffer {
  return encodeZnode({ version: '1', id: clusterId });
}

export function decodeClusterId(data: Buffer | null, path: string): string {
  return parseZnode(data, path).text('id');
}

/**
 * The node that Kafka's controller makes from inter.broker.protocol.version 2.7 on: feature
 * versioning is enabled (status 1) and no feature is finalized. Version 2 from 3.3 on.
 */
export function encodeFeature(version: 1 | 2): Buffer {
  return encodeZnode({ features: {}, version, status: 1 });
}
