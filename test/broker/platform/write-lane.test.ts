import { describe, expect, it } from '@jest/globals';
import { WRITE_LANE_DEFAULTS, WriteLane } from '../../../broker/platform/write-lane.ts';

const { calmCount, pauseMs, slowMs, stallMs, pauseMsMax, reliefMs } = WRITE_LANE_DEFAULTS;

/** A lane, and a device whose writes take what the test says. */
function setUp() {
  let now = 1;
  const lane = new WriteLane({ nowMs: () => now, monotonicMs: () => now });
  const write = (durationMs: number, count = 1): string => {
    let place = '';
    for (let index = 0; index < count; index += 1) {
      place = lane.place();
      const startMs = now;
      now += durationMs;
      if (place === 'inline') lane.inlineDone(startMs);
      else lane.poolDone(startMs);
    }
    return place;
  };
  return { lane, write, wait: (ms: number) => (now += ms) };
}

describe('the place of a write', () => {
  it('is inline while writes are quick', () => {
    const { lane, write } = setUp();
    write(slowMs, 1000);
    expect(lane.place()).toBe('inline');
  });

  it('is the pool after one slow write, until the device is calm and the pause over', () => {
    const { lane, write, wait } = setUp();
    expect(write(50)).toBe('inline');
    expect(write(0.1, calmCount)).toBe('pool');
    expect(lane.place()).toBe('pool');
    wait(pauseMs);
    expect(lane.place()).toBe('inline');
  });

  it('stays the pool until the pause after the last slow write, in the pool too, is over', () => {
    const { lane, write, wait } = setUp();
    write(50);
    wait(pauseMs);
    for (let round = 0; round < 10; round += 1) {
      write(0, calmCount - 1);
      write(50);
    }
    write(0, calmCount);
    expect(lane.place()).toBe('pool');
    wait(pauseMs);
    expect(lane.place()).toBe('inline');
  });

  it('waits longer after each stall that follows a probe soon, and forgets it after a long calm', () => {
    const { lane, write, wait } = setUp();
    const recoverAfter = (ms: number): boolean => {
      write(0, calmCount);
      wait(ms - 1);
      if (lane.place() === 'inline') return false;
      wait(1);
      return lane.place() === 'inline';
    };
    write(stallMs);
    expect(recoverAfter(pauseMs)).toBe(true);
    for (let pause = pauseMs * 2; pause < pauseMsMax; pause *= 2) {
      write(0, 1000);
      write(stallMs);
      expect(recoverAfter(pause)).toBe(true);
    }
    write(stallMs);
    expect(recoverAfter(pauseMsMax)).toBe(true);
    wait(reliefMs);
    write(stallMs);
    expect(recoverAfter(pauseMs)).toBe(true);
  });

  it('does not wait longer after a probe that was slow without being a stall', () => {
    const { lane, write, wait } = setUp();
    for (let round = 0; round < 10; round += 1) {
      expect(write(stallMs - 1)).toBe('inline');
      write(0, calmCount);
      wait(pauseMs);
      expect(lane.place()).toBe('inline');
    }
  });

  it('stops the loop for less than a hundredth of the time on a disk that always stalls', () => {
    const { write } = setUp();
    let stoppedMs = 0;
    let elapsedMs = 0;
    for (let round = 0; round < 500; round += 1) {
      // Quick for a second, as throttled writers are now and then; then one write waits.
      write(1, 1000);
      if (write(200) === 'inline') stoppedMs += 200;
      elapsedMs += 1200;
    }
    expect(stoppedMs / elapsedMs).toBeLessThan(0.01);
  });
});
