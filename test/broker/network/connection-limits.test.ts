import { describe, expect, it } from '@jest/globals';
import { ConnectionLimits } from '../../../broker/network/connection-limits.ts';
import type { ConnectionLimitValues } from '../../../broker/network/connection-limits.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { ManualTime } from '../../support/manual-time.ts';

const plain = { isExempt: false };

function limitsOf(values: Partial<ConnectionLimitValues>): {
  readonly limits: ConnectionLimits;
  readonly log: CollectingLogger;
  readonly time: ManualTime;
  readonly accepted: { value: number };
  readonly refused: { value: number };
} {
  const log = new CollectingLogger();
  const time = new ManualTime();
  const accepted = { value: 0 };
  const refused = { value: 0 };
  const limits = new ConnectionLimits({
    values: () => ({
      maxConnections: Infinity,
      maxConnectionsPerIp: Infinity,
      maxConnectionsPerIpOverrides: new Map(),
      ...values,
    }),
    clock: time,
    logger: log,
    accepted,
    refused,
  });
  return { limits, log, time, accepted, refused };
}

describe('limits of connections', () => {
  it('hold for all addresses together, but for the listener of the brokers', () => {
    const { limits, accepted, refused } = limitsOf({ maxConnections: 2 });
    expect(['a', 'b', 'c'].map((address) => limits.admit(address, plain))).toEqual([
      true,
      true,
      false,
    ]);
    expect(limits.admit('d', { isExempt: true })).toBe(true);
    limits.leave('a');
    limits.leave('d');
    expect(limits.admit('c', plain)).toBe(true);
    expect([accepted.value, refused.value]).toEqual([4, 1]);
  });

  it('hold for each address, IPv4 in either form, with exceptions', () => {
    const { limits } = limitsOf({
      maxConnectionsPerIp: 1,
      maxConnectionsPerIpOverrides: new Map([
        ['192.0.2.9', 2],
        ['::1', 0],
      ]),
    });
    const asked = ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.9', '192.0.2.9', '192.0.2.9', '::1'];
    expect(asked.map((address) => limits.admit(address, plain))).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
    limits.leave('::ffff:192.0.2.1');
    expect(limits.admit('192.0.2.1', plain)).toBe(true);
  });

  it('say one line for a burst of refusals, and later how many there were', async () => {
    const { limits, log, time } = limitsOf({ maxConnections: 0 });
    for (let count = 0; count < 100; count += 1) limits.admit('a', plain);
    expect(log.alarms).toHaveLength(1);
    await time.advance(10_000);
    limits.admit('a', plain);
    expect(log.alarms).toHaveLength(2);
    expect(log.alarms[1]?.fields).toMatchObject({ refused: 100, limit: 'max.connections' });
  });
});
