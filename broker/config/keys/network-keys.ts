/** Connections, requests and their limits. */

import { anything, atLeast, matching, orExactly } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import { clusterWide, int, intMax, keysOf, long, string, unused } from './define.ts';

/** host:count pairs. */
const overrides = matching('host:count pairs separated by commas', /^$|^[^,]+:\d+(,[^,]+:\d+)*$/);
const bufferSize = orExactly(-1, atLeast(1));

export const networkKeys: readonly ConfigKey[] = keysOf({
  'socket.send.buffer.bytes': unused(
    int(102_400, bufferSize, 'SO_SNDBUF of clients; -1: the system.'),
  ),
  'socket.receive.buffer.bytes': unused(
    int(102_400, bufferSize, 'SO_RCVBUF of clients; -1: the system.'),
  ),
  'socket.request.max.bytes': int(104_857_600, atLeast(1), 'Largest request; larger ones close.'),
  'socket.listen.backlog.size': int(50, atLeast(1), 'Connections waiting to be accepted.'),
  'queued.max.requests': unused(int(500, atLeast(1), 'Requests waiting for a request thread.')),
  'queued.max.request.bytes': long(
    -1,
    anything,
    'Bytes of requests in memory over all connections; reading stops there. -1: no limit.',
  ),
  'max.connections': clusterWide(int(intMax, atLeast(0), 'Connections that are open at once.')),
  'max.connections.per.ip': clusterWide(int(intMax, atLeast(0), 'Connections of one address.')),
  'max.connections.per.ip.overrides': clusterWide(
    string('', overrides, 'Other limits for addresses, as host:count pairs.'),
  ),
  'max.connection.creation.rate': unused(
    clusterWide(int(intMax, atLeast(0), 'Connections accepted in a second.')),
  ),
  'connections.max.idle.ms': long(
    600_000,
    anything,
    'Silence that ends a connection; below 0: never.',
  ),
  'connection.failed.authentication.delay.ms': unused(
    int(100, atLeast(0), 'Wait before a connection with bad credentials is closed.'),
  ),
  'request.timeout.ms': int(30_000, atLeast(1), 'Time that a request to another broker may take.'),
  'fetch.max.bytes': int(57_671_680, atLeast(1024), 'Largest answer to a fetch.'),
  'max.incremental.fetch.session.cache.slots': int(
    1000,
    atLeast(0),
    'Clients that fetch by sessions at a time; others send and get all partitions.',
  ),
  'max.request.partition.size.limit': unused(int(2000, atLeast(1), 'Partitions in one answer.')),
  'num.network.threads': unused(clusterWide(int(3, atLeast(1), 'Threads that read and write.'))),
  'num.io.threads': unused(clusterWide(int(8, atLeast(1), 'Threads that serve requests.'))),
  'background.threads': unused(clusterWide(int(10, atLeast(1), 'Threads for other work.'))),
});
