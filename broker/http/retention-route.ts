/**
 * /retention: why is this segment still here. Every segment of every partition of this broker, page by
 * page: `?topic=` and `?partition=` choose, `?limit=` is the number of segments in a page, `?after=`
 * comes from the `next` of the page before, `?format=text` is for reading.
 */

import type { PartitionLog } from '../log/partition-log.ts';
import type { RetentionMoment } from '../log/retention/drop-old-segments.ts';
import type { ReportPage } from '../log/retention/retention-report.ts';
import type { HttpAnswer, HttpRequest } from '../platform/http-server.ts';
import type { Route } from './endpoints.ts';
import { jsonAnswer } from './endpoints.ts';
import type { ReportedPartition, RetentionPage } from './retention-page.ts';
import { pageAsJson, pageAsText } from './retention-page.ts';

export interface RetentionSource {
  readonly logs: () => Iterable<PartitionLog>;
  readonly highWatermarkOf: (log: PartitionLog) => number;
  readonly nowMs: () => number;
  /** Time between two retention runs. */
  readonly checkIntervalMs: number;
}

const LIMIT_DEFAULT = 500;
const LIMIT_MAX = 2000;

/** What is asked for. */
interface Query {
  readonly topic: string | null;
  readonly partition: number | null;
  readonly limit: number;
  readonly after: Position | null;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export function retentionRoute(source: RetentionSource): Route {
  return async (request) => {
    const query = parse(request.query);
    if (typeof query === 'string') return jsonAnswer(400, { error: query });
    const logs = chosen(source.logs(), query);
    if (logs.length === 0 && query.topic !== null && query.after === null) {
      return jsonAnswer(404, { error: 'no such partition on this broker' });
    }
    return answer(request, await pageOf(source, { query, logs, path: request.path }));
  };
}

function answer({ query }: HttpRequest, page: RetentionPage): HttpAnswer {
  if (query.get('format') !== 'text') return jsonAnswer(200, pageAsJson(page));
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: pageAsText(page) };
}

async function pageOf(
  source: RetentionSource,
  wanted: {
    readonly query: Query;
    readonly logs: readonly PartitionLog[];
    readonly path: string;
  },
): Promise<RetentionPage> {
  const { query, logs, path } = wanted;
  const nowMs = source.nowMs();
  const partitions: ReportedPartition[] = [];
  let left = query.limit;
  let next: string | null = null;
  for (const log of logs) {
    const { topic, partition } = log;
    const fromOffset = isAt(log, query.after) ? (query.after?.offset ?? 0) : 0;
    if (left === 0) {
      next = nextPath(path, query, { topic, partition, offset: fromOffset });
      break;
    }
    const moment = { nowMs, highWatermark: source.highWatermarkOf(log) };
    const reported = await reportOf(log, moment, { fromOffset, segmentCountMax: left });
    partitions.push(reported);
    const { report } = reported;
    left -= Math.max(1, report?.segments.length ?? 0);
    if (report === null || report.nextOffset === null) continue;
    next = nextPath(path, query, { topic, partition, offset: report.nextOffset });
    break;
  }
  return { nowMs, checkIntervalMs: source.checkIntervalMs, partitions, next };
}

/** One partition whose disk fails says so, and hides no other. */
async function reportOf(
  log: PartitionLog,
  moment: RetentionMoment,
  page: ReportPage,
): Promise<ReportedPartition> {
  const { topic, partition, folder } = log;
  try {
    const report = await log.retention.report(moment, page);
    return { topic, partition, folder, report, problem: null };
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'its files cannot be read';
    return { topic, partition, folder, report: null, problem };
  }
}

/** In a fixed order, from where the page begins. */
function chosen(logs: Iterable<PartitionLog>, query: Query): readonly PartitionLog[] {
  const { topic, partition, after } = query;
  return [...logs]
    .filter((log) => topic === null || log.topic === topic)
    .filter((log) => partition === null || log.partition === partition)
    .filter((log) => after === null || isAt(log, after) || isBehind(log, after))
    .sort((one, other) => (isBehind(one, other) ? 1 : -1));
}

type Place = Pick<PartitionLog, 'topic' | 'partition'>;

function isAt(log: Place, position: Place | null): boolean {
  return log.topic === position?.topic && log.partition === position.partition;
}

function isBehind(log: Place, position: Place): boolean {
  if (log.topic !== position.topic) return log.topic > position.topic;
  return log.partition > position.partition;
}

/** Or what is wrong with it. */
function parse(query: URLSearchParams): Query | string {
  const topic = query.get('topic');
  const partition = wholeNumber(query.get('partition'));
  const limit = wholeNumber(query.get('limit')) ?? LIMIT_DEFAULT;
  if (Number.isNaN(partition)) return 'partition must be a number';
  if (partition !== null && topic === null) return 'partition needs a topic';
  if (Number.isNaN(limit) || limit < 1 || limit > LIMIT_MAX) {
    return `limit must be a number from 1 to ${String(LIMIT_MAX)}`;
  }
  const after = positionOf(query.get('after'));
  return typeof after === 'string' ? after : { topic, partition, limit, after };
}

/** NaN: it is none. */
function wholeNumber(text: string | null): number | null {
  if (text === null) return null;
  return /^\d{1,9}$/.test(text) ? Number(text) : NaN;
}

function positionOf(text: string | null): Position | null | string {
  if (text === null) return null;
  const match = /^(.+)-(\d{1,9}):(\d{1,16})$/.exec(text);
  if (match === null) return 'after must be <topic>-<partition>:<offset>';
  return { topic: match[1] ?? '', partition: Number(match[2]), offset: Number(match[3]) };
}

function nextPath(path: string, query: Query, { topic, partition, offset }: Position): string {
  const parameters = new URLSearchParams();
  if (query.topic !== null) parameters.set('topic', query.topic);
  if (query.partition !== null) parameters.set('partition', String(query.partition));
  parameters.set('limit', String(query.limit));
  parameters.set('after', `${topic}-${String(partition)}:${String(offset)}`);
  return `${path}?${parameters.toString()}`;
}
