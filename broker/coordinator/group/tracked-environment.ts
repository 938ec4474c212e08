/** Keeps each group's account of what is appended and not yet committed. */

import type { ClassicGroup } from './classic-group.ts';
import type { GroupEnvironment } from './environment.ts';
import type { GroupRecord } from './group-record.ts';

export function trackedEnvironment(
  environment: GroupEnvironment,
  groupOf: (groupId: string) => ClassicGroup | undefined,
): GroupEnvironment {
  return {
    settings: environment.settings,
    nowMs: () => environment.nowMs(),
    uuid: () => environment.uuid(),
    deadline: (onPassed) => environment.deadline(onPassed),
    write(records, observer) {
      const group = records[0] === undefined ? undefined : groupOf(records[0].groupId);
      track(group, records, 1);
      environment.write(records, {
        answered: (errorCode) => observer.answered?.(errorCode),
        ended: (errorCode) => {
          track(group, records, -1);
          observer.ended?.(errorCode);
        },
      });
    },
  };
}

/** Every write is about one group. */
function track(
  group: ClassicGroup | undefined,
  records: readonly GroupRecord[],
  change: 1 | -1,
): void {
  if (group === undefined) return;
  for (const record of records) {
    if (record.kind === 'metadata') group.metadataWritingCount += change;
    else if (record.value !== null) group.offsets.track(record.topic, record.partition, change);
  }
}
