import { describe, expect, it } from '@jest/globals';
import type { BrokerConnectionOptions } from '../../../broker/client/broker-connection.ts';
import { BrokerConnection, ConnectionError } from '../../../broker/client/broker-connection.ts';
import type { ByteSocket, SocketOwner } from '../../../broker/platform/socket.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { framed } from '../../support/raw-client.ts';
import { MemoryNetwork } from '../../support/sim/memory-network.ts';

const REQUEST = apiVersions.request.initial;

/** A server that the test plays: it sees what arrives, and sends what it likes. */
class Server implements SocketOwner {
  readonly time = new ManualTime();
  readonly network = new MemoryNetwork({ timers: this.time });
  received = Buffer.alloc(0);
  isClosed = false;
  readonly #buffer = Buffer.alloc(64 * 1024);
  #socket: ByteSocket | null = null;

  async open(options: Partial<BrokerConnectionOptions> = {}): Promise<BrokerConnection> {
    await this.network.listen({
      host: 'server',
      port: 1,
      onConnection: (accept) => (this.#socket = accept(this)),
    });
    return this.during(
      BrokerConnection.open({
        host: 'server',
        port: 1,
        clientId: 'client',
        sockets: this.network,
        timers: this.time,
        connectTimeoutMs: 1000,
        requestTimeoutMs: 5000,
        ...options,
      }),
    );
  }

  nextBuffer(): Buffer {
    return this.#buffer;
  }

  onData(size: number): void {
    this.received = Buffer.concat([this.received, this.#buffer.subarray(0, size)]);
  }

  onClose(): void {
    this.isClosed = true;
  }

  send(...bytes: readonly Buffer[]): void {
    this.#socket?.write(bytes);
  }

  end(): void {
    this.#socket?.destroy();
  }

  async during<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    await this.time.advance(10);
    return promise;
  }
}

/** An answer to ApiVersions v0 that names one API, or others with it that have only zeros. */
function versionsAnswer(correlationId: number, key: number, max: number, count = 1): Buffer {
  const answer = Buffer.alloc(10 + 6 * count);
  answer.writeInt32BE(correlationId, 0);
  answer.writeInt32BE(count, 6);
  answer.writeInt16BE(key, 10);
  answer.writeInt16BE(max, 14);
  return framed(answer);
}

describe('a connection to a broker', () => {
  it('gives every request its own answer, whatever their order and their pieces', async () => {
    const server = new Server();
    const connection = await server.open();
    const asked = [0, 1, 2].map(() => connection.send(apiVersions, 0, REQUEST));
    await server.time.advance(10);
    expect(server.received.length).toBeGreaterThan(0);
    const answers = Buffer.concat([2, 0, 1].map((id) => versionsAnswer(id, 3, id)));
    for (let place = 0; place < answers.length; place += 7) {
      server.send(answers.subarray(place, place + 7));
    }
    await server.time.advance(10);
    const maxima = (await Promise.all(asked)).map(({ apiKeys }) => apiKeys[0]?.maxVersion);
    expect(maxima).toEqual([0, 1, 2]);
  });

  it.each([2724, 2725, 2726, 50_000])(
    'reads answers that need a buffer: %i entries',
    async (count) => {
      const server = new Server();
      const connection = await server.open();
      const asked = [0, 1, 2, 3].map(() => connection.send(apiVersions, 0, REQUEST));
      await server.time.advance(10);
      const answers = Buffer.concat(
        [1, count, count, 2].map((entries, id) => versionsAnswer(id, 3, id, entries)),
      );
      for (let place = 0; place < answers.length; place += 10_007) {
        server.send(answers.subarray(place, place + 10_007));
      }
      await server.time.advance(10);
      const read = (await Promise.all(asked)).map(({ apiKeys }) => [
        apiKeys.length,
        apiKeys[0]?.maxVersion,
      ]);
      expect(read).toEqual([
        [1, 0],
        [count, 1],
        [count, 2],
        [2, 3],
      ]);
    },
  );

  it('finds the highest version that both sides have', async () => {
    const server = new Server();
    const connection = await server.open();
    const asked = connection.commonVersion(metadata);
    await server.time.advance(10);
    server.send(versionsAnswer(0, metadata.key, 5));
    expect(await server.during(asked)).toBe(5);
    expect(await connection.commonVersion(metadata, 4)).toBe(4);
    expect(await connection.commonVersion({ key: 99, versions: [0, 9] })).toBeNull();
    expect(await connection.commonVersion({ key: metadata.key, versions: [6, 9] })).toBeNull();
  });

  it.each([
    ['ends', (server: Server) => server.end(), /lost/],
    [
      'brings an answer of a negative size',
      (server: Server) => server.send(Buffer.alloc(4, 0xff)),
      /answer of -1 bytes/,
    ],
    [
      'brings an answer that is too large',
      (server: Server) => server.send(Buffer.alloc(4, 0x7f)),
      /bytes/,
    ],
    [
      'brings an answer that nobody asked for',
      (server: Server) => server.send(versionsAnswer(77, 3, 1)),
      /unknown request 77/,
    ],
    [
      'brings an answer that cannot be read',
      (server: Server) => server.send(framed(Buffer.alloc(5))),
      /cannot be read/,
    ],
    [
      'brings no answer in time',
      () => undefined,
      /no answer to ApiVersions v0 from server:1 in 5000 ms/,
    ],
  ])('that %s fails all its requests, and is over', async (_, act, words) => {
    const server = new Server();
    const connection = await server.open();
    const asked = [0, 1].map(() => connection.send(apiVersions, 0, REQUEST));
    const outcomes = Promise.allSettled(asked);
    await server.time.advance(10);
    act(server);
    await server.time.advance(5000);
    const [first, second] = await server.during(outcomes);
    expect([first?.status, second?.status]).toEqual(['rejected', 'rejected']);
    expect(String(first?.status === 'rejected' ? first.reason : '')).toMatch(words);
    expect(connection.ended).toBe(true);
    await expect(connection.send(apiVersions, 0, REQUEST)).rejects.toThrow(ConnectionError);
    await server.time.advance(10);
    expect(server.isClosed).toBe(true);
    expect(server.time.count).toBe(0);
  });

  it('fails with the code of the socket when there is nobody', async () => {
    const server = new Server();
    await expect(server.open({ port: 2 })).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'ECONNREFUSED',
    });
  });
});
