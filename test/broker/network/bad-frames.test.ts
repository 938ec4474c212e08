import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeRequest } from '../../../broker/protocol/frame.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import type { RequestOf } from '../../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { framed } from '../../support/raw-client.ts';
import { batchOf, makeTopic, produceTo, valuesFrom } from '../../support/requests.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const HEADER = { correlationId: 7, clientId: 'raw' };

describe('a frame that no client sends', () => {
  const start = testBrokers();

  /** Sends the bytes; true if the connection ended, with one line, while another client went on. */
  async function isRefused(broker: TestBroker, bytes: Buffer): Promise<boolean> {
    const linesBefore = broker.log.alarms.length;
    const raw = await broker.raw();
    raw.send(bytes);
    await raw.closed;
    const said = broker.log.alarms.slice(linesBefore);
    return said.length === 1 && said[0]?.message === 'connection refused';
  }

  it.each([
    ['with a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['longer than socket.request.max.bytes', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['of no bytes', framed()],
    ['of one byte', framed(Buffer.from([0]))],
    ['whose header is cut off', framed(Buffer.from([0, 3, 0, 0, 0, 0]))],
    ['with an unknown API', framed(Buffer.from([0x03, 0xe8, 0, 0, 0, 0, 0, 1, 0xff, 0xff]))],
    [
      'with a version past what is advertised',
      framed(Buffer.from([0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff])),
    ],
    ['with a version below', framed(Buffer.from([0, 1, 0, 0, 0, 0, 0, 1, 0xff, 0xff]))],
    [
      'whose body is cut off',
      framed(writeRequest(metadata, 1, HEADER, metadataOf('orders')).subarray(4, -2)),
    ],
    [
      'with a list longer than itself',
      framed(Buffer.from([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff])),
    ],
  ])('%s ends its connection with one line, and nothing else', async (_, bytes) => {
    const broker = await start();
    const other = await broker.connect();
    await makeTopic(other, 'orders');
    expect(await isRefused(broker, bytes)).toBe(true);
    await produceTo(other, 'orders', batchOf(['still here']));
    expect(await valuesFrom(other, 'orders')).toEqual(['still here']);
  });

  it('may hold anything: the broker goes on', async () => {
    const broker = await start();
    const other = await broker.connect();
    await makeTopic(other, 'orders');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(70), async (noise, apiKey) => {
        const raw = await broker.raw();
        const key = Buffer.from([0, apiKey]);
        raw.send(framed(key, Buffer.from(noise)));
        raw.socket.end();
        await raw.closed;
        expect((await other.send(apiVersions, 0, apiVersions.request.initial)).errorCode).toBe(0);
      }),
      { numRuns: 150 },
    );
    expect(broker.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(broker.fatal).toEqual([]);
  });

  it('is not answered when it is a part of a request whose client goes away', async () => {
    const broker = await start();
    const raw = await broker.raw();
    raw.send(writeRequest(metadata, 1, HEADER, metadataOf('orders')).subarray(0, 10));
    raw.close();
    await raw.closed;
    const other = await broker.connect();
    expect((await other.send(apiVersions, 0, apiVersions.request.initial)).errorCode).toBe(0);
    expect(broker.log.alarms).toEqual([]);
  });
});

describe('a client that is newer than the broker', () => {
  const start = testBrokers();

  it('asks for ApiVersions in a version of its own, and is told the highest in the oldest form', async () => {
    const raw = await (await start()).raw();
    const tooNew = [0, 18, 0, 99, 0, 0, 0, 42, 0xff, 0xff, 0, 1, 2, 3];
    raw.send(framed(Buffer.from(tooNew)));
    const answer = await raw.next();
    expect(answer?.toString('hex')).toBe('0000002a' + '0023' + '00000001' + '001200000004');
    raw.send(writeRequest(apiVersions, 2, HEADER, apiVersions.request.initial));
    expect((await raw.next())?.readInt16BE(4)).toBe(0);
  });
});

describe('a client that asks without end', () => {
  const start = testBrokers();
  const temporaryFolder = temporaryFolders();

  it.each(['memory', 'disk'])('is answered request by request, files in %s', async (files) => {
    const folder = files === 'disk' ? await temporaryFolder() : null;
    const broker = await start(folder === null ? {} : { folder });
    const raw = await broker.raw();
    const request = writeRequest(apiVersions, 0, HEADER, apiVersions.request.initial);
    const count = 40_000;
    raw.send(Buffer.concat(Array.from({ length: count }, () => request)));
    for (let answered = 0; answered < count; answered += 1) {
      const answer = await raw.next();
      expect(answer === null).toBe(false);
    }
    expect(broker.fatal).toEqual([]);
  });
});

function metadataOf(topic: string): RequestOf<typeof metadata> {
  return { ...metadata.request.initial, topics: [{ name: topic, topicId: ZERO_UUID }] };
}
