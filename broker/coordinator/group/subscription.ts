/**
 * The topics that a group consumes, as far as they can be known. The only place that looks into the
 * members' own bytes, and only those of protocol type "consumer", whose beginning is public:
 * version int16, topics as an array of strings. Newer versions only append.
 */

import { ProtocolError } from '../../protocol/protocol-error.ts';
import { array, string } from '../../protocol/schema/types.ts';
import { Reader } from '../../protocol/wire/reader.ts';
import type { ClassicGroup } from './classic-group.ts';

const topicNames = array(string);

/** Null where they cannot be known: no generation, another protocol type, or bytes of another form. */
export function subscribedTopics(group: ClassicGroup): ReadonlySet<string> | null {
  if (group.protocolType !== 'consumer' || group.protocolName === null) return null;
  const topics = new Set<string>();
  for (const member of group.membership.all()) {
    const named = topicsOf(member.metadataOf(group.protocolName));
    if (named === null) return null;
    for (const topic of named) topics.add(topic);
  }
  return topics;
}

function topicsOf(subscription: Buffer): readonly string[] | null {
  try {
    const reader = new Reader(subscription);
    return reader.int16() < 0 ? null : topicNames.read(reader, 0, false);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
