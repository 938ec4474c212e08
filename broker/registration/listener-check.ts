/**
 * Dials every advertised address and asks who answers: a wrong one is the most frequent mistake in
 * setting up Kafka, and clients report it in words that name neither the listener nor the cause.
 */

import type { BrokerConnection } from '../client/broker-connection.ts';
import { describeConfigs } from '../protocol/messages/describe-configs.ts';
import { metadata } from '../protocol/messages/metadata.ts';
import type { RegisteredEndpoint } from '../zookeeper/znodes/broker-registration.ts';

export interface CheckedBroker {
  readonly brokerId: number;
  readonly clusterId: string;
  readonly endpoints: readonly RegisteredEndpoint[];
}

export interface ListenerProblem {
  readonly listenerName: string;
  /** A whole line. */
  readonly message: string;
}

type Connect = (address: {
  readonly host: string;
  readonly port: number;
}) => Promise<BrokerConnection>;

const METADATA_VERSION = 9;

/** One problem for each address that does not lead back to this broker. */
export async function checkListeners(
  broker: CheckedBroker,
  connect: Connect,
): Promise<readonly ListenerProblem[]> {
  const found = await Promise.all(broker.endpoints.map((it) => checkOne(broker, it, connect)));
  return found.filter((problem) => problem !== null);
}

async function checkOne(
  broker: CheckedBroker,
  endpoint: RegisteredEndpoint,
  connect: Connect,
): Promise<ListenerProblem | null> {
  const reason = await reasonAgainst(broker, endpoint, connect);
  if (reason === null) return null;
  const { listenerName, host, port } = endpoint;
  return {
    listenerName,
    message: `advertised.listeners ${listenerName}://${host}:${String(port)} does not lead back to broker ${String(broker.brokerId)}: ${reason}; clients will report 'Broker may not be available' (from 3.9 on 'Node may not be available')`,
  };
}

async function reasonAgainst(
  { brokerId, clusterId }: CheckedBroker,
  { host, port }: RegisteredEndpoint,
  connect: Connect,
): Promise<string | null> {
  if (host === '0.0.0.0' || host === '::') return `${host} is no address that clients can dial`;
  let connection: BrokerConnection;
  try {
    connection = await connect({ host, port });
  } catch (error) {
    return connectFailure(error, host);
  }
  try {
    const answer = await connection.send(metadata, METADATA_VERSION, {
      topics: [],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    if (answer.clusterId !== clusterId) {
      return `a broker of another cluster (${String(answer.clusterId)}) answers there`;
    }
    return await whoAnswers(connection, brokerId);
  } catch (error) {
    return `what answers there is no Kafka broker (${error instanceof Error ? error.message : String(error)})`;
  } finally {
    connection.close();
  }
}

/** DescribeConfigs of a broker is refused by every broker but the one that is meant. */
async function whoAnswers(connection: BrokerConnection, brokerId: number): Promise<string | null> {
  const version = await connection.commonVersion(describeConfigs, 1);
  if (version === null) return null;
  const answer = await connection.send(describeConfigs, version, {
    resources: [
      { resourceType: 4, resourceName: String(brokerId), configurationKeys: ['broker.id'] },
    ],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  const code = answer.results[0]?.errorCode;
  return code === 0 ? null : 'another broker of the cluster answers there';
}

function connectFailure(error: unknown, host: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ETIMEDOUT':
      return 'connection timed out';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} cannot be resolved`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
