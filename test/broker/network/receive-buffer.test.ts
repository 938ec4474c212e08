import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RetainedRegion } from '../../../broker/network/receive-buffer.ts';
import { ReceiveBuffer } from '../../../broker/network/receive-buffer.ts';

interface Kept {
  readonly view: Buffer;
  readonly copy: Buffer;
  readonly region: RetainedRegion;
}

describe('the receive buffer', () => {
  it('never overwrites what is retained, and loses no byte, whatever comes', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('read' as const), size: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ type: fc.constant('take' as const), size: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ type: fc.constant('release' as const), size: fc.nat(50) }),
      fc.record({
        type: fc.constant('want' as const),
        size: fc.integer({ min: 0, max: 3_000_000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const buffer = new ReceiveBuffer();
        const kept: Kept[] = [];
        let written = 0;
        let consumed = 0;
        let wanted = 0;
        for (const { type, size } of steps) {
          if (type === 'want') wanted = size;
          else if (type === 'read') {
            const target = buffer.next(wanted);
            assert(target.length > 0);
            const count = Math.min(size, target.length);
            for (let place = 0; place < count; place += 1) target[place] = byteAt(written + place);
            buffer.arrived(count);
            written += count;
          } else if (type === 'take') {
            const view = buffer.take(Math.min(size, buffer.size));
            assert(isSequence(view, consumed));
            consumed += view.length;
            kept.push({ view, copy: Buffer.from(view), region: buffer.retain() });
          } else {
            const [gone] = kept.splice(size % Math.max(1, kept.length), 1);
            if (gone !== undefined) buffer.release(gone.region);
          }
          expect(buffer.size).toBe(written - consumed);
          for (const { view, copy } of kept) expect(view.equals(copy)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('owns a few KiB when it is idle, also after large requests', () => {
    const buffer = new ReceiveBuffer();
    expect(buffer.next(0)).toHaveLength(8 * 1024);
    while (buffer.size < 3_000_000) buffer.arrived(buffer.next(3_000_000).length);
    buffer.skip(buffer.size);
    for (let count = 0; count < 10; count += 1) {
      buffer.next(0);
      buffer.arrived(1);
      buffer.skip(1);
    }
    expect(buffer.next(0).length).toBeLessThanOrEqual(16 * 1024);
  });

  it('grows towards a large frame as its bytes arrive, in few steps', () => {
    const buffer = new ReceiveBuffer();
    const frameSize = 100 * 1024 * 1024;
    const rooms: number[] = [];
    buffer.next(0);
    buffer.arrived(4);
    while (buffer.size < frameSize) {
      const { length } = buffer.next(frameSize);
      const room = Math.min(length, frameSize - buffer.size);
      expect(room).toBeLessThanOrEqual(Math.max(1024 * 1024, buffer.size));
      rooms.push(room);
      buffer.arrived(room);
    }
    expect(rooms.length).toBeLessThan(10);
  });

  it('offers more room while reads fill it', () => {
    const buffer = new ReceiveBuffer();
    let room = 0;
    for (let count = 0; count < 12; count += 1) {
      room = buffer.next(0).length;
      buffer.arrived(room);
      buffer.skip(buffer.size);
    }
    expect(room).toBe(1024 * 1024);
  });
});

function byteAt(position: number): number {
  return (position * 31 + (position >> 8)) & 0xff;
}

function isSequence(view: Buffer, start: number): boolean {
  for (let place = 0; place < view.length; place += 1) {
    if (view[place] !== byteAt(start + place)) return false;
  }
  return true;
}
