import { describe, expect, it } from '@jest/globals';
import { EventLoopLag } from '../../../broker/metrics/event-loop-lag.ts';
import { BrokerMetrics } from '../../../broker/metrics/metrics.ts';
import { ManualTime } from '../../support/manual-time.ts';

describe('BrokerMetrics', () => {
  it('counts requests into cumulative buckets', async () => {
    const metrics = new BrokerMetrics({
      apiName: (key) => `api${String(key)}`,
      processMetrics: false,
    });
    for (const durationMs of [0.1, 0.5, 3, 60_000]) metrics.request(1, durationMs);
    const lines = (await metrics.render()).split('\n');
    expect(lines).toContain('odradek_request_seconds_bucket{api="api1",le="0.0005"} 2');
    expect(lines).toContain('odradek_request_seconds_bucket{api="api1",le="0.005"} 3');
    expect(lines).toContain('odradek_request_seconds_bucket{api="api1",le="30"} 3');
    expect(lines).toContain('odradek_request_seconds_bucket{api="api1",le="+Inf"} 4');
    expect(lines).toContain('odradek_request_seconds_count{api="api1"} 4');
  });

  it('reads counters and gauges when it is asked', async () => {
    const metrics = new BrokerMetrics({ apiName: String, processMetrics: false });
    let connections = 2;
    metrics.gauge('odradek_connections', () => connections);
    metrics.counter('odradek_produced_bytes_total').value += 10;
    expect(await metrics.render()).toContain('odradek_produced_bytes_total 10\n');
    metrics.counter('odradek_produced_bytes_total').value += 5;
    connections = 1;
    const text = await metrics.render();
    expect(text).toContain('odradek_produced_bytes_total 15\n');
    expect(text).toContain('odradek_connections 1\n');
  });
});

describe('EventLoopLag', () => {
  it('reports the worst of the last ten seconds', async () => {
    const time = new ManualTime();
    let stalledMs = 0;
    const lag = new EventLoopLag(
      { nowMs: () => time.nowMs(), monotonicMs: () => time.monotonicMs() + stalledMs },
      time,
    );
    lag.start();
    await time.advance(1000);
    expect(lag.worstMs()).toBe(0);
    stalledMs = 70;
    await time.advance(500);
    await time.advance(5000);
    expect(lag.worstMs()).toBe(70);
    await time.advance(10_000);
    expect(lag.worstMs()).toBe(0);
    lag.stop();
    expect(time.count).toBe(0);
  });
});
