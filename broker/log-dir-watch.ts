/** What a broker does when the disk below one of its log.dirs fails, beside what its logs do. */

import type { LogManager } from './log/log-manager.ts';
import { LogDirEvents } from './registration/log-dir-events.ts';
import type { LogDirEventsOptions } from './registration/log-dir-events.ts';

export interface LogDirWatchOptions extends LogDirEventsOptions {
  readonly logs: LogManager;
  /** No log.dir is left: there is nothing to serve. */
  readonly onFatal: (error: unknown) => void;
}

/** The controller hears of it, as long as another log.dir works. The caller stops what it returns. */
export function watchLogDirs(options: LogDirWatchOptions): LogDirEvents {
  const { logs, onFatal } = options;
  const events = new LogDirEvents(options);
  logs.onLogDirFailed(() => {
    try {
      logs.disks.checkAny();
      void events.report();
    } catch (error) {
      onFatal(error);
    }
  });
  return events;
}
