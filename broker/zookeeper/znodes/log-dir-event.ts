/** /log_dir_event_notification/log_dir_event_N: by it a broker says that one of its log.dirs failed. */

import { parseZnode } from './json.ts';

/** The only event there is: a failure. */
const LOG_DIR_FAILURE = 1;

export function encodeLogDirEvent(brokerId: number): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, broker: brokerId, event: LOG_DIR_FAILURE }));
}

/** The id of the broker. Throws ZnodeFormatError. */
export function decodeLogDirEvent(data: Buffer | null, path: string): number {
  return parseZnode(data, path).integer('broker');
}
