/** The members of a group as its last record has them. */

import type { ClassicGroup } from './classic-group.ts';
import type { StoredMember } from './group-metadata-record.ts';
import { Member } from './member.ts';

/** They know one protocol, the chosen one: the record keeps no other. */
export function restoredMembers(group: ClassicGroup): readonly Member[] {
  const { stored } = group;
  if (stored === null) return [];
  const protocolName = stored.protocol ?? '';
  return stored.members.map((entry) => restoredMember(entry, protocolName));
}

function restoredMember(entry: StoredMember, protocolName: string): Member {
  const { memberId, groupInstanceId: instanceId, clientId, clientHost, sessionTimeoutMs } = entry;
  const member = new Member(
    memberId,
    { instanceId, clientId, clientHost },
    {
      protocols: [{ name: protocolName, metadata: entry.subscription }],
      // Version 0 of the record knows no rebalance time-out.
      rebalanceTimeoutMs:
        entry.rebalanceTimeoutMs > 0 ? entry.rebalanceTimeoutMs : sessionTimeoutMs,
      sessionTimeoutMs,
    },
  );
  member.assignment = entry.assignment;
  return member;
}
