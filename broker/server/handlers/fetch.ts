/**
 * Fetch: record batches from the logs of this broker, as file spans, for consumers and followers.
 * Versions and errors: see messages/fetch.ts; sessions: fetch-sessions/fetch-sessions.ts.
 */

import type { Count } from '../../metrics/metrics.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { releasePayload } from '../../model/payload.ts';
import { fetch } from '../../protocol/messages/fetch.ts';
import type { Quota } from '../../quota/quota.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { FetchSessions, OpenedFetch } from '../fetch-sessions/fetch-sessions.ts';
import type { FetchAccessPorts } from '../fetch/fetch-access.ts';
import { FetchAccess } from '../fetch/fetch-access.ts';
import type { FetchAnswerPorts, FetchResponse } from '../fetch/fetch-answer.ts';
import { emptyAnswer, FetchAnswer } from '../fetch/fetch-answer.ts';
import type { FetchAsker, FetchRequest } from '../fetch/fetch-asker.ts';
import { askerOf } from '../fetch/fetch-asker.ts';
import type { FetchReaderPorts } from '../fetch/fetch-reader.ts';
import { readFetches } from '../fetch/fetch-reader.ts';
import { requestedFetches, sessionFetches } from '../fetch/partition-fetches.ts';

export interface FetchPorts extends FetchAccessPorts, FetchAnswerPorts, FetchReaderPorts {
  readonly metadata: FetchAccessPorts['metadata'] & FetchAnswerPorts['metadata'];
  readonly fetchSessions: FetchSessions;
  readonly quota: Quota;
  /** Bytes of records that consumers were sent. */
  readonly fetched: Count;
  /** Bytes of records that followers were sent. */
  readonly replicated: Count;
}

export function fetchHandler(ports: FetchPorts): ApiHandler {
  return serve(fetch, [4, 17], (context, request) => {
    const asker = askerOf(context, request);
    const opened = ports.fetchSessions.open(request, asker.usesTopicIds);
    switch (opened.kind) {
      case 'refused':
        return emptyAnswer(opened.errorCode);
      case 'full':
        return fetchInFull(ports, asker, { request, wantsSession: opened.wantsSession });
      case 'incremental':
        return fetchWhatIsNew(ports, asker, { request, opened });
      default:
        return opened satisfies never;
    }
  });
}

async function fetchInFull(
  ports: FetchPorts,
  asker: FetchAsker,
  { request, wantsSession }: { request: FetchRequest; wantsSession: boolean },
): Promise<FetchResponse> {
  const fetches = requestedFetches(new FetchAccess(ports, asker), asker, request);
  const reading = await readFetches(ports, asker, { request, fetches });
  const { usesTopicIds, isFollower } = asker;
  const sessionId = wantsSession
    ? ports.fetchSessions.keep(request, reading.results, { isPrivileged: isFollower, usesTopicIds })
    : 0;
  const answer = new FetchAnswer(ports, asker);
  const response = answer.full(request, reading);
  return { ...response, sessionId, throttleTimeMs: account(ports, asker, answer.size) };
}

async function fetchWhatIsNew(
  ports: FetchPorts,
  asker: FetchAsker,
  {
    request,
    opened: { session, epoch },
  }: { request: FetchRequest; opened: Extract<OpenedFetch, { kind: 'incremental' }> },
): Promise<FetchResponse> {
  const fetches = sessionFetches(new FetchAccess(ports, asker), asker, session);
  const reading = await readFetches(ports, asker, { request, fetches });
  if (session.epoch !== epoch) {
    // The client has asked again meanwhile, and this answer could only confuse what it knows.
    for (const { payload } of reading.results) releasePayload(payload);
    return emptyAnswer(ErrorCodes.INVALID_FETCH_SESSION_EPOCH, session.id);
  }
  const answer = new FetchAnswer(ports, asker);
  const response = answer.incremental(session, fetches, reading);
  return { ...response, throttleTimeMs: account(ports, asker, answer.size) };
}

/** How long the client has to wait for what it takes. Followers have quotas of their own. */
function account(ports: FetchPorts, { context, isFollower }: FetchAsker, size: number): number {
  if (isFollower) {
    ports.replicated.value += size;
    return 0;
  }
  ports.fetched.value += size;
  return ports.quota.throttleTimeMs(context, { kind: 'fetch', amount: size });
}
