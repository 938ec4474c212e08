/** Requests that no client would make at the wish of a test. */

import { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { nodeSockets } from '../../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';

export async function withConnection<T>(
  bootstrap: string,
  use: (connection: BrokerConnection) => Promise<T>,
): Promise<T> {
  const [host = '', port = ''] = bootstrap.split(':');
  const connection = await BrokerConnection.open({
    host,
    port: Number(port),
    clientId: 'takeover',
    sockets: nodeSockets,
    timers: systemTimers,
    connectTimeoutMs: 5000,
    requestTimeoutMs: 20_000,
  });
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}
