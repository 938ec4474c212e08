/**
 * Loads many logs at the start of a broker. Those with much to verify go first, the largest before
 * the others, to the worker threads; the rest is loaded beside them, log.dir by log.dir.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import { forEachBounded } from '../bounded.ts';
import type { ProgressOptions } from './load-progress.ts';
import { LoadReport } from './load-progress.ts';
import { INLINE_BYTES_MAX } from './log-loader.ts';
import { bytesToVerify } from './recovery-cost.ts';

/** More than there are threads: while one log is opened in this one, theirs have the next. */
const RECOVERIES_MAX = 4;

export interface LogToLoad {
  readonly folder: string;
  readonly isClean: boolean;
  readonly recoveryPoint: number;
  /** `onVerified` is told how many bytes recovery has verified so far. */
  load(onVerified: (bytes: number) => void): Promise<void>;
}

export interface LoadOptions extends ProgressOptions {
  readonly fileSystem: FileSystem;
  /** Logs of one log.dir that are loaded at the same time. */
  readonly parallelism: number;
  readonly signal?: AbortSignal;
}

interface PlannedLog {
  readonly log: LogToLoad;
  readonly bytes: number;
}

/** `logDirs`: the logs of each. Rejects with what a load rejects with, and with the signal's reason. */
export async function loadLogs(
  logDirs: readonly (readonly LogToLoad[])[],
  options: LoadOptions,
): Promise<void> {
  const { parallelism, signal } = options;
  const report = new LoadReport(options, logDirs.flat().length);
  const load = async (planned: PlannedLog): Promise<void> => {
    signal?.throwIfAborted();
    await loadOne(planned, report);
  };
  try {
    const plans = await Promise.all(logDirs.map((logs) => plan(logs, options, report)));
    const isLarge = ({ bytes }: PlannedLog): boolean => bytes > INLINE_BYTES_MAX;
    const large = plans.flat().filter(isLarge);
    large.sort((one, other) => other.bytes - one.bytes);
    const ended = await Promise.allSettled([
      forEachBounded(large, RECOVERIES_MAX, load),
      ...plans.map((logs) =>
        forEachBounded(
          logs.filter((planned) => !isLarge(planned)),
          parallelism,
          load,
        ),
      ),
    ]);
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  } finally {
    report.stop();
  }
}

/** How much of each there is to verify. What cannot be measured fails when it is loaded, and says why. */
async function plan(
  logs: readonly LogToLoad[],
  { fileSystem, parallelism }: LoadOptions,
  report: LoadReport,
): Promise<readonly PlannedLog[]> {
  const plans: PlannedLog[] = [];
  await forEachBounded(logs, parallelism, async (log) => {
    const { folder, isClean, recoveryPoint } = log;
    const measured = isClean ? 0 : bytesToVerify(fileSystem, folder, recoveryPoint);
    const bytes = await Promise.resolve(measured).catch(() => 0);
    report.planned(bytes);
    plans.push({ log, bytes });
  });
  return plans;
}

async function loadOne({ log, bytes }: PlannedLog, report: LoadReport): Promise<void> {
  let known = 0;
  await log.load((verified) => {
    // It starts anew where a first attempt failed.
    const now = Math.min(verified, bytes);
    if (now > known) report.verified(now - known);
    known = Math.max(known, now);
  });
  report.skipped(bytes - known);
  report.loaded();
}
