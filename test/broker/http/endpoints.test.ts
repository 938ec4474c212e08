import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEndpoints } from '../../../broker/http/endpoints.ts';
import { metricsRoute } from '../../../broker/http/metrics-route.ts';
import { probeRoutes } from '../../../broker/http/probe-routes.ts';
import type { LoadProgress } from '../../../broker/log/recovery/load-progress.ts';
import { BrokerMetrics } from '../../../broker/metrics/metrics.ts';
import type { HttpServer } from '../../../broker/platform/http-server.ts';
import { serveHttp } from '../../../broker/platform/http-server.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';

let server: HttpServer;
let broken: string[];
let waitingFor: string[];
let loading: LoadProgress | null;
let logDirs: { offline: string[]; full: string[] };

beforeEach(async () => {
  broken = [];
  waitingFor = ['recovery of 3 logs'];
  loading = null;
  logDirs = { offline: [], full: [] };
  const metrics = new BrokerMetrics({ apiName: () => 'Produce', processMetrics: true });
  metrics.request(0, 3);
  server = await startEndpoints({
    serve: serveHttp,
    host: '127.0.0.1',
    port: 0,
    routes: new Map([
      ...probeRoutes({
        broken: () => broken,
        notReady: () => waitingFor,
        logDirs: () => logDirs,
        eventLoopLagMs: () => 1.4,
        loading: () => loading,
      }),
      ['/metrics', metricsRoute(metrics)],
      [
        '/fails',
        () => {
          throw new Error('secret detail');
        },
      ],
    ]),
    logger: silentLogger,
  });
});

afterEach(() => server.close());

async function get(path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${String(server.port)}${path}`, {
    method,
    headers: { connection: 'close' },
  });
  return { status: response.status, body: await response.text() };
}

describe('The HTTP endpoints', () => {
  it('say that the broker is healthy, with the lag of the event loop', async () => {
    expect(await get('/healthz')).toEqual({
      status: 200,
      body: '{"healthy":true,"eventLoopLagMs":1}\n',
    });
  });

  it('say what is broken', async () => {
    broken.push('all log folders failed');
    const { status, body } = await get('/healthz');
    expect(status).toBe(503);
    expect(body).toContain('all log folders failed');
  });

  it('say which log.dirs fail, and that the broker is healthy without them', async () => {
    logDirs = { offline: ['/d1'], full: ['/d2'] };
    expect(await get('/healthz')).toEqual({
      status: 200,
      body: '{"healthy":true,"eventLoopLagMs":1,"offlineLogDirs":["/d1"],"fullLogDirs":["/d2"]}\n',
    });
  });

  it('say what readiness waits for, and then that it is there', async () => {
    expect(await get('/readyz')).toEqual({
      status: 503,
      body: '{"ready":false,"waitingFor":["recovery of 3 logs"]}\n',
    });
    waitingFor = [];
    expect(await get('/readyz?verbose')).toEqual({ status: 200, body: '{"ready":true}\n' });
  });

  it('serve metrics in the format of Prometheus', async () => {
    const { status, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(body).toContain('# TYPE odradek_request_seconds histogram');
    expect(body).toContain('odradek_request_seconds_bucket{api="Produce",le="0.005"} 1');
    expect(body).toContain('process_cpu_user_seconds_total');
  });

  it('are read-only, and name their paths where one is missing', async () => {
    expect((await get('/healthz', 'POST')).status).toBe(405);
    expect(await get('/healthz', 'HEAD')).toEqual({ status: 200, body: '' });
    const missing = await get('/nothing');
    expect(missing.status).toBe(404);
    expect(missing.body).toContain('/readyz');
  });

  it('answer a failure without its details', async () => {
    expect(await get('/fails')).toEqual({ status: 500, body: 'internal error\n' });
  });

  it('refuse an address that is taken', async () => {
    const options = { serve: serveHttp, host: '127.0.0.1', routes: new Map() };
    await expect(
      startEndpoints({ ...options, port: server.port, logger: silentLogger }),
    ).rejects.toThrow('EADDRINUSE');
  });
});
