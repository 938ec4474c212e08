import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FileSpan, PayloadPart } from '../../../broker/model/payload.ts';
import { BufferedTransfer } from '../../../broker/network/transfer/buffered.ts';
import { SendfileTransfer } from '../../../broker/network/transfer/sendfile.ts';
import type { Transfer } from '../../../broker/network/transfer/transfer.ts';
import type { Sendfile } from '../../../broker/platform/libc.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { FakeSocket, FakeSpan, settled } from './fakes.ts';

interface Setup {
  readonly socket: FakeSocket;
  readonly transfer: Transfer;
  readonly failures: unknown[];
  readonly drains: () => number;
  readonly spanOf: (bytes: Buffer) => FakeSpan;
  /** Lets timers fire and promises go on. */
  readonly turn: () => Promise<void>;
}

interface Kernel {
  /** Bytes that the kernel takes before it says EAGAIN. */
  room: number;
  error: Error | null;
  /** From this position on, nothing of a file is in memory. */
  coldFrom?: number;
}

function buffered(): Setup {
  const socket = new FakeSocket();
  const failures: unknown[] = [];
  let drains = 0;
  const transfer = new BufferedTransfer(socket, {
    onDrained: () => (drains += 1),
    onFailure: (error) => failures.push(error),
  });
  const spanOf = (bytes: Buffer): FakeSpan => new FakeSpan(bytes);
  return { socket, transfer, failures, drains: () => drains, spanOf, turn: settled };
}

/** `kernel.room` is what sendfile takes before it is full; a write to the socket empties it. */
function viaSendfile(kernel: Kernel = { room: Infinity, error: null }): Setup & {
  readonly time: ManualTime;
} {
  const socket = new FakeSocket();
  socket.fd = 7;
  const time = new ManualTime();
  const failures: unknown[] = [];
  const files = new Map<number, Buffer>();
  let drains = 0;
  let used = 0;
  const sendfile: Sendfile = (_, fd, position, size) => {
    if (kernel.error !== null) return kernel.error;
    if (used >= kernel.room) {
      used = 0;
      return 'again';
    }
    const sent = Math.min(size, kernel.room - used);
    used += sent;
    socket.taken.push(Buffer.from(files.get(fd)?.subarray(position, position + sent) ?? []));
    return sent;
  };
  const transfer = new SendfileTransfer(socket, {
    onDrained: () => (drains += 1),
    onFailure: (error) => failures.push(error),
    sendfile,
    isResident: (_, position) => !(kernel.coldFrom !== undefined && position >= kernel.coldFrom),
    clock: time,
    timers: time,
  });
  const spanOf = (bytes: Buffer): FakeSpan => {
    const fd = 100 + files.size;
    files.set(fd, Buffer.concat([Buffer.alloc(13), bytes]));
    return new FakeSpan(bytes, { fd, position: 13 });
  };
  const turn = (): Promise<void> => time.advance(1);
  return { socket, transfer, failures, drains: () => drains, spanOf, turn, time };
}

const kinds: readonly (readonly [string, () => Setup])[] = [
  ['buffered', buffered],
  ['sendfile', viaSendfile],
  ['sendfile into a slow kernel', () => viaSendfile({ room: 100_000, error: null })],
  ['sendfile from a cold file', () => viaSendfile({ room: Infinity, error: null, coldFrom: 0 })],
];

describe.each(kinds)('the %s transfer', (_, setUp) => {
  it('sends buffers and spans byte by byte in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ isSpan: fc.boolean(), size: fc.integer({ min: 1, max: 400_000 }) }), {
          maxLength: 8,
        }),
        async (parts) => {
          const { socket, transfer, spanOf, turn, failures } = setUp();
          const bytes = parts.map(({ size }, place) => Buffer.alloc(size, place + 1));
          const payload = parts.map(({ isSpan }, place): PayloadPart => {
            const part = bytes[place] ?? Buffer.alloc(0);
            return isSpan ? spanOf(part) : part;
          });
          transfer.send(payload.slice(0, 3));
          transfer.send(payload.slice(3));
          for (let count = 0; transfer.queuedSize > 0 && count < 1000; count += 1) await turn();
          await turn();
          expect(socket.received.equals(Buffer.concat(bytes))).toBe(true);
          expect(releasesOf(payload).every((releases) => releases === 1)).toBe(true);
          expect(failures).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('waits for a slow reader, and counts what is queued', async () => {
    const { socket, transfer, spanOf, turn, drains } = setUp();
    const span = spanOf(Buffer.alloc(300_000, 3));
    socket.isReading = false;
    transfer.send([Buffer.from('head'), span]);
    await turn();
    expect(transfer.queuedSize).toBe(300_004);
    expect(drains()).toBe(0);
    socket.isReading = true;
    for (let count = 0; transfer.queuedSize > 0 && count < 100; count += 1) {
      socket.flush();
      await turn();
    }
    await turn();
    expect(socket.received).toHaveLength(300_004);
    expect(drains()).toBeGreaterThan(0);
    expect(span.releases).toBe(1);
  });

  it.each([0, 1, 2, 3, 5])(
    'gives back every span once when it is closed after %i turns',
    async (turns) => {
      const { socket, transfer, spanOf, turn } = setUp();
      const spans = [1, 2, 3].map((fill) => spanOf(Buffer.alloc(250_000, fill)));
      transfer.send([Buffer.from('a'), ...spans]);
      for (let count = 0; count < turns; count += 1) await turn();
      transfer.close();
      socket.flush();
      for (let count = 0; count < 5; count += 1) await turn();
      expect(spans.map(({ releases }) => releases)).toEqual([1, 1, 1]);
      expect(transfer.queuedSize).toBe(0);
      const late = spanOf(Buffer.from('late'));
      transfer.send([late]);
      expect(late.releases).toBe(1);
    },
  );
});

describe('the buffered transfer', () => {
  it('reports a file that cannot be read', async () => {
    const { transfer, spanOf, failures } = buffered();
    const span = spanOf(Buffer.from('x'));
    span.fails = true;
    transfer.send([span]);
    await settled();
    expect(failures).toHaveLength(1);
    expect(span.releases).toBe(1);
  });

  it('reads large spans piece by piece', async () => {
    const { transfer, socket } = buffered();
    const pieces: number[] = [];
    const bytes = Buffer.alloc(5 * 1024 * 1024, 1);
    const span = new FakeSpan(bytes);
    const slice = span.slice.bind(span);
    span.slice = (start, size) => {
      pieces.push(size);
      return slice(start, size);
    };
    transfer.send([span]);
    for (let count = 0; transfer.queuedSize > 0 && count < 100; count += 1) await settled();
    expect(socket.received).toHaveLength(bytes.length);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('the sendfile transfer', () => {
  it('gives others a turn after 1 MiB', async () => {
    const { transfer, socket, spanOf, time } = viaSendfile();
    transfer.send([spanOf(Buffer.alloc(3 * 1024 * 1024, 1))]);
    expect(socket.received).toHaveLength(1024 * 1024);
    await time.advance(1);
    expect(socket.received).toHaveLength(3 * 1024 * 1024);
  });

  it('reads what is not in memory past sendfile, and only that', async () => {
    const cold = 300_000;
    const kernel: Kernel = { room: Infinity, error: null, coldFrom: cold };
    const { transfer, socket, spanOf, turn } = viaSendfile(kernel);
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251));
    transfer.send([spanOf(bytes)]);
    // Calls that begin before the first cold byte go through sendfile, the next one stops the turn.
    expect(socket.received).toHaveLength(2 * 256 * 1024);
    for (let count = 0; transfer.queuedSize > 0 && count < 100; count += 1) await turn();
    expect(socket.received.equals(bytes)).toBe(true);
  });

  it('lets a peer that went away go without a word', async () => {
    const kernel: Kernel = {
      room: Infinity,
      error: Object.assign(new Error('gone'), { code: 'EPIPE' }),
    };
    const { transfer, socket, spanOf, failures, turn } = viaSendfile(kernel);
    transfer.send([spanOf(Buffer.from('data'))]);
    await turn();
    expect(failures).toEqual([]);
    expect(socket.isDestroyed).toBe(true);
  });

  it('reads what sendfile fails on, so that the owner of the file meets the failure', async () => {
    const kernel: Kernel = { room: Infinity, error: new Error('EIO') };
    const { transfer, socket, spanOf, failures, turn } = viaSendfile(kernel);
    const failing = spanOf(Buffer.from('data'));
    failing.fails = true;
    transfer.send([failing, Buffer.from('after')]);
    await turn();
    expect(failures).toMatchObject([{ message: 'EIO' }]);
    expect(socket.received).toHaveLength(0);
  });

  it('goes on where the read succeeds', async () => {
    const kernel: Kernel = { room: Infinity, error: new Error('EIO') };
    const { transfer, socket, spanOf, failures, turn } = viaSendfile(kernel);
    transfer.send([spanOf(Buffer.from('data')), Buffer.from('after')]);
    await turn();
    expect(failures).toEqual([]);
    expect(socket.received.toString()).toBe('dataafter');
  });
});

function releasesOf(payload: readonly (Buffer | FileSpan)[]): readonly number[] {
  return payload.flatMap((part) => (part instanceof FakeSpan ? [part.releases] : []));
}
