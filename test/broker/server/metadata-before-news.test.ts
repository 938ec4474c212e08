/** What a broker answers before its controller has told it what there is. */

import { describe, expect, it } from '@jest/globals';
import type { ClusterUpdate } from '../../../broker/cluster/cluster-image.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import type { RequestContext } from '../../../broker/model/request-context.ts';
import { ProtocolError } from '../../../broker/protocol/protocol-error.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { allowAll } from '../../../broker/security/authorizer.ts';
import { metadataHandler } from '../../../broker/server/handlers/metadata.ts';
import { MetadataCache } from '../../../broker/server/metadata-cache.ts';
import { ManualTime } from '../../support/manual-time.ts';

const context: RequestContext = {
  apiKey: 3,
  apiVersion: 12,
  correlationId: 1,
  clientId: null,
  listenerName: 'PLAINTEXT',
  securityProtocol: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  clientAddress: '127.0.0.1',
  connectionId: 1,
};

function updateOf(topics: readonly string[]): ClusterUpdate {
  const endpoint = { host: 'h', port: 9092, securityProtocol: 'PLAINTEXT' };
  const endpoints = new Map([['PLAINTEXT', endpoint]]);
  const state = {
    leader: 1,
    leaderEpoch: 0,
    isr: [1],
    replicas: [1],
    partitionEpoch: 0,
    offlineReplicas: [],
    controllerEpoch: 1,
  };
  return {
    controllerId: 1,
    brokers: [{ id: 1, epoch: 5, endpoints, rack: null }],
    partitions: topics.map((topic) => ({ topic, topicId: null, partition: 0, state })),
  };
}

class FreshBroker {
  readonly time = new ManualTime();
  readonly cache = new MetadataCache(this.time);
  readonly #handler = metadataHandler({
    metadata: this.cache,
    topics: { mayCreateOnDemand: () => false, createOnDemand: () => undefined },
    clusterId: () => 'c',
    authorizer: allowAll,
  });

  constructor({ hasTopics }: { readonly hasTopics: boolean }) {
    this.cache.awaitPicture({ brokerId: 1, hasTopics });
  }

  /** The answer; or what it failed with. */
  async ask(topics: readonly string[] | null): Promise<unknown> {
    const request = {
      topics: topics?.map((name) => ({ name, topicId: ZERO_UUID })) ?? null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    };
    try {
      return await this.#handler.handle(context, request);
    } catch (error) {
      return error;
    }
  }
}

function withTopics(...errorCodes: readonly number[]): object {
  return { topics: errorCodes.map((errorCode) => ({ errorCode })) };
}

describe('Metadata of a broker that has just started', () => {
  it('waits for the topics, not only for the brokers', async () => {
    const broker = new FreshBroker({ hasTopics: true });
    const answer = broker.ask(['orders']);
    await broker.time.advance(100);
    broker.cache.apply(updateOf([]));
    await broker.time.advance(100);
    expect(broker.cache.isWhole).toBe(false);
    broker.cache.apply(updateOf(['orders']));
    expect(await answer).toMatchObject(withTopics(ErrorCodes.NONE));
    expect(await broker.ask(['gone'])).toMatchObject(
      withTopics(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION),
    );
    expect(broker.time.count).toBe(0);
  });

  it('closes the connection of who has waited for a second', async () => {
    const broker = new FreshBroker({ hasTopics: true });
    const answers = [broker.ask(['orders']), broker.ask(null)];
    await broker.time.advance(1000);
    for (const answer of answers) expect(await answer).toBeInstanceOf(ProtocolError);
  });

  it('is answered after a second to who asks for no topic', async () => {
    const broker = new FreshBroker({ hasTopics: true });
    const answer = broker.ask([]);
    await broker.time.advance(1000);
    expect(await answer).toMatchObject(withTopics());
  });

  it('is whole without topics in a cluster that has none', async () => {
    const broker = new FreshBroker({ hasTopics: false });
    const answer = broker.ask(null);
    broker.cache.apply(updateOf([]));
    expect(await answer).toMatchObject(withTopics());
  });

  it('is whole after ten seconds although no controller tells of a topic', async () => {
    const broker = new FreshBroker({ hasTopics: true });
    broker.cache.apply(updateOf([]));
    const isWhole = broker.cache.waitUntil(() => broker.cache.isWhole, Infinity);
    await broker.time.advance(10_000);
    expect(await isWhole).toBe(true);
    expect(await broker.ask(['orders'])).toMatchObject(
      withTopics(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION),
    );
  });
});
