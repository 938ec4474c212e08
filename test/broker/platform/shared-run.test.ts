import { describe, expect, it } from '@jest/globals';
import { SharedRun } from '../../../broker/platform/shared-run.ts';
import { settled } from '../../support/manual-time.ts';

describe('a shared run', () => {
  it('begins after the call, and is shared by all calls that come while another goes on', async () => {
    const ends: (() => void)[] = [];
    const shared = new SharedRun(() => new Promise((resolve) => ends.push(resolve)));
    const done: string[] = [];
    const call = (name: string): void => void shared.run().then(() => done.push(name));
    call('first');
    await settled();
    expect(ends).toHaveLength(1);
    call('second');
    call('third');
    await settled();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await settled();
    expect(done).toEqual(['first']);
    expect(ends).toHaveLength(2);
    call('fourth');
    ends[1]?.();
    await settled();
    expect(done).toEqual(['first', 'second', 'third']);
    ends[2]?.();
    await settled();
    expect(done).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('fails for those who share it, and goes on for others', async () => {
    const outcomes = [Promise.reject(new Error('full')), Promise.resolve()];
    const shared = new SharedRun(() => outcomes.shift() ?? Promise.resolve());
    await expect(shared.run()).rejects.toThrow('full');
    await shared.run();
    expect(outcomes).toEqual([]);
  });
});
