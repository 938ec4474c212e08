/**
 * DumpLogSegments, the tool of Apache Kafka that reads the files of a partition. It ends with 0 whatever it
 * finds, so what it prints is searched for its complaints.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KafkaVersion } from './java.ts';
import { runTool } from './kafka-tool.ts';
import { linesOf } from './records.ts';

export interface Dump {
  /** Lines that say that a file is not as it should be. */
  readonly complaints: readonly string[];
  /** Records in batches that are whole. */
  readonly recordCount: number;
  readonly output: string;
}

export interface SegmentFile {
  readonly topic: string;
  /** Such as `.log`. */
  readonly suffix: string;
  readonly path: string;
}

const readable = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot'];
const complaint =
  /Mismatch|Index timestamp|Indexed offset|invalid bytes|Non-consecutive|out of order|not found in the log|isvalid: false|Exception|ERROR|WARN|Ignoring|Could not/i;

/** Every file in the partition folders of a log.dir that the tool can read. */
export async function segmentFiles(logDir: string): Promise<readonly SegmentFile[]> {
  const entries = await readdir(logDir, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const folder = /([^/]+)-\d+$/.exec(entry.parentPath);
    const suffix = readable.find((ending) => entry.name.endsWith(ending));
    if (!entry.isFile() || folder === null || suffix === undefined) return [];
    return [{ topic: folder[1] ?? '', suffix, path: join(entry.parentPath, entry.name) }];
  });
}

export async function dumpFiles(
  version: KafkaVersion,
  files: readonly SegmentFile[],
  options: readonly string[] = [],
): Promise<Dump> {
  const paths = files.map(({ path }) => path).join(',');
  const args = ['--deep-iteration', ...options, '--files', paths];
  const { stdout, stderr } = await runTool(version, 'dump-log', args);
  const lines = [...linesOf(stdout), ...linesOf(stderr)];
  return {
    complaints: lines.filter((line) => complaint.test(line)),
    recordCount: lines.filter((line) => /^\| offset: \d+/.test(line)).length,
    output: stdout,
  };
}
