/**
 * What Apache Kafka's reader of log files has to say against the files of a place.
 *
 * It complains of some that Apache Kafka itself writes: of a time index entry that names a record within
 * a batch (a 2.8.1 leader's), so what a takeover leaves is held against what it found; and of an entry
 * that names a batch which a cleaner has emptied, which every cleaner leaves, so it is left out here.
 */

import { dumpFiles, segmentFiles } from '../support/dump-log.ts';
import type { Place } from './place.ts';

const ofEmptiedBatch = /^\s+Index timestamp: \d+, log timestamp: -1$/;
const isDetail = /^\s*Index(ed)? (timestamp|offset):/;

export async function complaintsAbout({ logDirs, options }: Place): Promise<readonly string[]> {
  const files = (await Promise.all(logDirs.map(segmentFiles))).flat();
  const { complaints } = await dumpFiles('3.9.1', files);
  const meant = complaints.filter((line) => !ofEmptiedBatch.test(line));
  // Headings that have lost all of their details go too.
  const isHeading = (line: string): boolean => line.includes('timestamp mismatch in');
  const left = meant.filter(
    (line, index) => !isHeading(line) || isDetail.test(meant[index + 1] ?? ''),
  );
  return [...new Set(left.map((line) => line.replaceAll(options.folder, '')))];
}
