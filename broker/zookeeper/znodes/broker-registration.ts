/**
 * /brokers/ids/N, ephemeral: where a broker can be reached. The znode's czxid is the broker's epoch.
 * Version 5 with `features` from inter.broker.protocol.version 2.7 on, version 4 without below;
 * `host` and `port` name the first PLAINTEXT endpoint, for clients older than endpoints.
 */

import { ZnodeFormatError, encodeZnode, parseZnode } from './json.ts';
import type { ZnodeObject } from './json.ts';

export interface RegisteredEndpoint {
  readonly listenerName: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: string;
}

export interface BrokerRegistration {
  readonly version: 4 | 5;
  readonly endpoints: readonly RegisteredEndpoint[];
  readonly rack: string | null;
  readonly jmxPort: number;
  readonly timestampMs: number;
}

export function encodeBrokerRegistration(broker: BrokerRegistration): Buffer {
  const plain = broker.endpoints.find((endpoint) => endpoint.securityProtocol === 'PLAINTEXT');
  return encodeZnode({
    ...(broker.version === 5 ? { features: {} } : {}),
    listener_security_protocol_map: Object.fromEntries(
      broker.endpoints.map((endpoint) => [endpoint.listenerName, endpoint.securityProtocol]),
    ),
    endpoints: broker.endpoints.map(endpointUrl),
    ...(broker.rack === null ? {} : { rack: broker.rack }),
    jmx_port: broker.jmxPort,
    port: plain?.port ?? -1,
    host: plain?.host ?? null,
    version: broker.version,
    timestamp: String(broker.timestampMs),
  });
}

/** Reads every version that has been written since 0.8; throws a ZnodeFormatError. */
export function decodeBrokerRegistration(data: Buffer | null, path: string): BrokerRegistration {
  const root = parseZnode(data, path);
  const version = root.integer('version');
  if (version < 1) throw new ZnodeFormatError(path, `version ${String(version)} is unknown`);
  return {
    version: version >= 5 ? 5 : 4,
    endpoints: readEndpoints(root, path),
    rack: root.textOrNull('rack'),
    jmxPort: root.integer('jmx_port', -1),
    timestampMs: root.integerText('timestamp', -1),
  };
}

function readEndpoints(root: ZnodeObject, path: string): readonly RegisteredEndpoint[] {
  if (root.lacks('endpoints')) {
    const [host, port] = [root.text('host'), root.integer('port')];
    return [{ listenerName: 'PLAINTEXT', host, port, securityProtocol: 'PLAINTEXT' }];
  }
  const protocols = root.lacks('listener_security_protocol_map')
    ? null
    : root.object('listener_security_protocol_map');
  return root.texts('endpoints').map((url) => {
    const { listenerName, host, port } = parseEndpoint(url, path);
    // Before version 4 a listener had no name of its own: it was called by its protocol.
    const securityProtocol = protocols?.textOrNull(listenerName) ?? listenerName;
    return { listenerName, host, port, securityProtocol };
  });
}

function parseEndpoint(url: string, path: string): Omit<RegisteredEndpoint, 'securityProtocol'> {
  const match = /^([^:/]+):\/\/(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(url);
  if (match === null) throw new ZnodeFormatError(path, `endpoint '${url}' is not NAME://host:port`);
  const [, listenerName = '', bracketed, plain = '', port = ''] = match;
  return { listenerName, host: bracketed ?? plain, port: Number(port) };
}

function endpointUrl({ listenerName, host, port }: RegisteredEndpoint): string {
  const address = host.includes(':') ? `[${host}]` : host;
  return `${listenerName}://${address}:${String(port)}`;
}
