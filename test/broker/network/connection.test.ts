import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError } from '../../../broker/protocol/protocol-error.ts';
import type { AskedRequest } from './fakes.ts';
import {
  FakeSpan,
  answerOf,
  answered,
  fakeConnection,
  idOf,
  requestFrame,
  settled,
} from './fakes.ts';

const PRODUCE = 0;
const METADATA = 3;

describe('a connection', () => {
  it('cuts frames, wherever the reads are split', async () => {
    const frames = [0, 5, 9000, 1, 70_000].map((size, id) => requestFrame(METADATA, id, size));
    const stream = Buffer.concat(frames);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 40 }),
        async (sizes) => {
          const { socket, answerAtOnce } = fakeConnection();
          const seen: Buffer[] = [];
          answerAtOnce((frame) => {
            seen.push(Buffer.from(frame));
            return null;
          });
          let position = 0;
          for (const size of sizes) {
            socket.deliver(stream.subarray(position, position + size));
            position += size;
          }
          socket.deliver(stream.subarray(position));
          await settled();
          expect(seen.map((frame) => idOf(frame))).toEqual([0, 1, 2, 3, 4]);
          expect(seen.every((it, id) => frames[id]?.subarray(4).equals(it))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('starts all frames of one read in their order and answers them in one stream', async () => {
    const { socket, answerAtOnce } = fakeConnection();
    answerAtOnce((frame) => answerOf(idOf(frame)));
    const ids = Array.from({ length: 500 }, (_, id) => id);
    socket.deliver(Buffer.concat(ids.map((id) => requestFrame(METADATA, id))));
    await settled();
    expect(answered(socket)).toEqual(ids);
  });

  it('lets produce requests be in flight together, and nothing else', async () => {
    const { socket, asked } = fakeConnection();
    const keys = [PRODUCE, PRODUCE, METADATA, PRODUCE, METADATA];
    socket.deliver(Buffer.concat(keys.map((key, id) => requestFrame(key, id))));
    expect(asked.map(({ frame }) => idOf(frame))).toEqual([0, 1]);
    asked[0]?.answer(answerOf(0));
    await settled();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(answerOf(1));
    await settled();
    expect(asked.map(({ frame }) => idOf(frame))).toEqual([0, 1, 2]);
    asked[2]?.answer(answerOf(2));
    await settled();
    expect(asked.map(({ frame }) => idOf(frame))).toEqual([0, 1, 2, 3]);
  });

  it('answers in the order of the requests, those ready together in one write', async () => {
    const { socket, asked } = fakeConnection();
    socket.deliver(Buffer.concat([0, 1, 2, 3].map((id) => requestFrame(PRODUCE, id))));
    for (const id of [3, 1, 2]) asked[id]?.answer(answerOf(id));
    await settled();
    expect(answered(socket)).toEqual([]);
    asked[0]?.answer(answerOf(0));
    await settled();
    expect(answered(socket)).toEqual([0, 1, 2, 3]);
    expect(socket.writeCount).toBe(1);
  });

  it('keeps the bytes of a request unchanged until it is answered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ size: fc.integer({ min: 0, max: 30_000 }), keep: fc.boolean() }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.array(fc.integer({ min: 1, max: 50_000 }), { maxLength: 30 }),
        async (requests, chunks) => {
          const { socket, asked } = fakeConnection();
          const done = new Set<AskedRequest>();
          const stream = Buffer.concat(
            requests.map(({ size }, id) => requestFrame(PRODUCE, id, size)),
          );
          let position = 0;
          for (const chunk of [...chunks, stream.length]) {
            socket.deliver(stream.subarray(position, position + chunk));
            position += chunk;
            for (const it of asked.filter((request) => !done.has(request))) {
              expect(it.frame.equals(it.copy)).toBe(true);
              if (requests[idOf(it.copy)]?.keep !== false) continue;
              done.add(it);
              it.answer(null);
            }
            await settled();
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('stops reading while too much is unanswered, and goes on afterwards', async () => {
    const { socket, asked } = fakeConnection();
    const size = 6 * 1024 * 1024;
    for (let id = 0; id < 3; id += 1) socket.deliver(requestFrame(PRODUCE, id, size));
    expect(socket.isPaused).toBe(true);
    for (const [id, request] of asked.entries()) request.answer(answerOf(id));
    await settled();
    expect(socket.isPaused).toBe(false);
  });

  it('starts nothing while the peer does not read its answers, and does not spin meanwhile', async () => {
    const { socket, answerAtOnce } = fakeConnection();
    const seen: number[] = [];
    answerAtOnce((frame) => {
      seen.push(idOf(frame));
      return [Buffer.alloc(20 * 1024 * 1024)];
    });
    socket.isReading = false;
    socket.deliver(Buffer.concat([0, 1, 2].map((id) => requestFrame(METADATA, id))));
    await settled();
    expect(seen).toEqual([0]);
    expect(socket.isPaused).toBe(true);
    socket.isReading = true;
    socket.flush();
    await settled();
    expect(seen).toEqual([0, 1, 2]);
    expect(socket.isPaused).toBe(false);
  });

  it.each([-1, -0x80000000, 1001, 0x7fffffff])(
    'refuses a frame of %i bytes with one line, and closes',
    async (size) => {
      const { socket, asked, log, events } = fakeConnection({ requestSizeMax: 1000 });
      const head = Buffer.alloc(4);
      head.writeInt32BE(size);
      socket.deliver(Buffer.concat([requestFrame(METADATA, 0), head, Buffer.alloc(100)]));
      await settled();
      expect(socket.isDestroyed).toBe(true);
      expect(log.alarms).toHaveLength(1);
      expect(log.alarms[0]).toMatchObject({ level: 'warn', message: 'connection refused' });
      expect(events).toEqual(['disconnected', 'closed']);
      expect(asked.length).toBeLessThanOrEqual(1);
    },
  );

  it('says one line however many bad requests came in one read', async () => {
    const { socket, log, answerAtOnce } = fakeConnection();
    let count = 0;
    answerAtOnce(() => {
      count += 1;
      throw new ProtocolError('no such API');
    });
    const frames = Array.from({ length: 20 }, (_, id) => requestFrame(PRODUCE, id));
    socket.deliver(Buffer.concat(frames));
    await settled();
    expect(count).toBe(1);
    expect(log.alarms).toHaveLength(1);
    expect(socket.isDestroyed).toBe(true);
  });

  it('says one line when several requests in flight fail', async () => {
    const { socket, asked, log } = fakeConnection();
    socket.deliver(Buffer.concat([0, 1, 2].map((id) => requestFrame(PRODUCE, id))));
    for (const request of asked) request.fail(new Error('a defect'));
    await settled();
    expect(log.alarms).toHaveLength(1);
    expect(log.alarms[0]?.message).toBe('request failed; its connection is closed');
  });

  it('gives back the spans of answers that come after the connection is closed', async () => {
    const { socket, asked } = fakeConnection();
    socket.deliver(Buffer.concat([0, 1].map((id) => requestFrame(PRODUCE, id))));
    const spans = [new FakeSpan(Buffer.from('a')), new FakeSpan(Buffer.from('b'))];
    asked[1]?.answer([spans[1] ?? Buffer.alloc(0)]);
    await settled();
    socket.destroy();
    await settled();
    asked[0]?.answer([spans[0] ?? Buffer.alloc(0)]);
    await settled();
    expect(spans.map(({ releases }) => releases)).toEqual([1, 1]);
  });

  it('drains: answers what has begun, starts nothing more, then closes', async () => {
    const { socket, connection, asked } = fakeConnection();
    socket.deliver(Buffer.concat([0, 1].map((id) => requestFrame(METADATA, id))));
    connection.drain();
    await settled();
    expect(socket.isDestroyed).toBe(false);
    asked[0]?.answer(answerOf(0));
    await settled();
    expect(asked).toHaveLength(1);
    expect(answered(socket)).toEqual([0]);
    expect(socket.isDestroyed).toBe(true);
  });

  it('drains at once when nothing is in flight', () => {
    const { socket, connection } = fakeConnection();
    expect(connection.idle).toBe(true);
    connection.drain();
    expect(socket.isDestroyed).toBe(true);
  });

  it('waits for a slow reader when it drains', async () => {
    const { socket, connection, asked } = fakeConnection();
    socket.isReading = false;
    socket.deliver(requestFrame(METADATA, 0));
    asked[0]?.answer(answerOf(0));
    await settled();
    connection.drain();
    await settled();
    expect(socket.isDestroyed).toBe(false);
    socket.flush();
    await settled();
    expect(answered(socket)).toEqual([0]);
    expect(socket.isDestroyed).toBe(true);
  });
});
