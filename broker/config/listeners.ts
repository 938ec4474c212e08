/**
 * Listeners: where the broker listens, and what it tells clients. The checks are Kafka's, which words
 * them for operators who search the web for them; what is added says what to write instead.
 */

import { securityProtocols } from './keys/cluster-keys.ts';

export type SecurityProtocol = (typeof securityProtocols)[number];

export interface Listener {
  readonly name: string;
  /** Empty: every interface for a listener, this machine's host name for an advertised one. */
  readonly host: string;
  /** 0: the system chooses one. */
  readonly port: number;
  readonly securityProtocol: SecurityProtocol;
}

export interface ListenerSettings {
  readonly listeners: readonly Listener[];
  readonly advertisedListeners: readonly Listener[];
  readonly interBrokerListenerName: string;
}

/** Texts as configured; null where nobody set the key. */
export interface ListenerTexts {
  readonly listeners: string | null;
  readonly advertisedListeners: string | null;
  readonly protocolMap: string;
  readonly interBrokerListenerName: string | null;
  readonly securityInterBrokerProtocol: string | null;
  /** Keys of Kafka before 3.0, used where the first two are not set. */
  readonly hostName: string | null;
  readonly port: string | null;
  readonly advertisedHostName: string | null;
  readonly advertisedPort: string | null;
}

/** Adds to `problems` what is wrong, each a whole line; the result is meaningful only without any. */
export function parseListeners(texts: ListenerTexts, problems: string[]): ListenerSettings {
  const protocols = parseProtocolMap(texts.protocolMap, problems);
  const listenersText =
    texts.listeners ?? `PLAINTEXT://${bracketed(texts.hostName ?? '')}:${texts.port ?? '9092'}`;
  const listeners = parseList('listeners', listenersText, protocols, problems);
  const advertisedText = texts.advertisedListeners ?? legacyAdvertised(texts);
  const advertisedListeners =
    advertisedText === null
      ? listeners
      : parseList('advertised.listeners', advertisedText, protocols, problems);
  if (elements(listenersText).length === 0) {
    problems.push('Invalid value  for configuration listeners: at least one is needed');
  }
  checkPorts(listeners, problems);
  checkAdvertised(advertisedListeners, listeners, problems);
  const interBrokerListenerName = interBrokerName(texts, advertisedListeners, problems);
  return { listeners, advertisedListeners, interBrokerListenerName };
}

/** `NAME://host:port`, with brackets around an IPv6 address. */
export function renderListener(listener: Pick<Listener, 'name' | 'host' | 'port'>): string {
  return `${listener.name}://${bracketed(listener.host)}:${String(listener.port)}`;
}

function legacyAdvertised(texts: ListenerTexts): string | null {
  if (texts.advertisedHostName === null && texts.advertisedPort === null) return null;
  const host = texts.advertisedHostName ?? texts.hostName ?? '';
  return `PLAINTEXT://${bracketed(host)}:${texts.advertisedPort ?? texts.port ?? '9092'}`;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function parseProtocolMap(text: string, problems: string[]): ReadonlyMap<string, SecurityProtocol> {
  const protocols = new Map<string, SecurityProtocol>();
  for (const pair of elements(text)) {
    const [name = '', wanted = ''] = pair.split(':').map((part) => part.trim());
    const protocol = securityProtocols.find((known) => known === wanted.toUpperCase());
    if (name === '' || protocol === undefined) {
      problems.push(
        `Invalid value ${pair} for configuration listener.security.protocol.map: ` +
          `expected NAME:PROTOCOL with a protocol of ${securityProtocols.join(', ')}`,
      );
    } else if (protocols.has(name.toUpperCase())) {
      problems.push(
        `Invalid value ${text} for configuration listener.security.protocol.map: ` +
          `listener ${name} is there twice`,
      );
    } else {
      protocols.set(name.toUpperCase(), protocol);
    }
  }
  return protocols;
}

const listenerForm = /^([A-Za-z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/]*)):(\d{1,5})$/;

function parseList(
  key: string,
  text: string,
  protocols: ReadonlyMap<string, SecurityProtocol>,
  problems: string[],
): readonly Listener[] {
  const listeners: Listener[] = [];
  for (const element of elements(text)) {
    const parsed = parseListener(element, protocols);
    if (typeof parsed === 'string') {
      problems.push(`Invalid value ${text} for configuration ${key}: ${parsed}`);
    } else if (listeners.some(({ name }) => name === parsed.name)) {
      problems.push(
        `Invalid value ${text} for configuration ${key}: ` +
          `Each listener must have a different name; ${parsed.name} is there twice`,
      );
    } else {
      listeners.push(parsed);
    }
  }
  return listeners;
}

/** The text: what is wrong. */
function parseListener(
  element: string,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): Listener | string {
  const match = listenerForm.exec(element);
  const port = Number(match?.[4]);
  if (match === null || port > 65_535) {
    return (
      `Unable to parse ${element} to a broker endpoint: expected NAME://host:port, ` +
      'such as PLAINTEXT://kafka-1.example.com:9092'
    );
  }
  const name = (match[1] ?? '').toUpperCase();
  const securityProtocol = protocols.get(name);
  if (securityProtocol === undefined) {
    return (
      `No security protocol defined for listener ${name}: ` +
      `add ${name}:PLAINTEXT to listener.security.protocol.map`
    );
  }
  if (securityProtocol !== 'PLAINTEXT') {
    return (
      `listener ${name} has the security protocol ${securityProtocol}, ` +
      'and this version serves PLAINTEXT only'
    );
  }
  return { name, host: match[2] ?? match[3] ?? '', port, securityProtocol };
}

/** One port may serve two listeners only as one IPv4 and one IPv6 address (as Kafka since 3.6). */
function checkPorts(listeners: readonly Listener[], problems: string[]): void {
  const seen = new Map<number, Listener>();
  for (const listener of listeners) {
    const other = seen.get(listener.port);
    if (listener.port === 0) continue;
    seen.set(listener.port, listener);
    if (other === undefined || isIpv6(other.host) !== isIpv6(listener.host)) continue;
    problems.push(
      `Invalid value ${renderListener(listener)} for configuration listeners: ` +
        `Each listener must have a different port; ${other.name} has ${String(listener.port)} too`,
    );
  }
}

function isIpv6(host: string): boolean {
  return host.includes(':');
}

const metaAddresses = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0']);

function checkAdvertised(
  advertised: readonly Listener[],
  listeners: readonly Listener[],
  problems: string[],
): void {
  const names = listeners.map(({ name }) => name);
  for (const listener of advertised) {
    if (metaAddresses.has(listener.host)) {
      problems.push(
        `advertised.listeners cannot use the nonroutable meta-address ${listener.host}. ` +
          `Use a routable IP address: clients connect to what ${listener.name} says there ` +
          `(without advertised.listeners it is what listeners says), so set ` +
          `advertised.listeners=${listener.name}://<host that clients reach>:${String(listener.port)}`,
      );
    }
    if (!names.includes(listener.name)) {
      problems.push(
        'advertised.listeners listener names must be equal to or a subset of the ones defined in ' +
          `listeners. Found ${listener.name}. The valid options based on the current ` +
          `configuration are ${names.join(',')}`,
      );
    }
  }
}

function interBrokerName(
  texts: ListenerTexts,
  advertised: readonly Listener[],
  problems: string[],
): string {
  const given = texts.interBrokerListenerName?.trim().toUpperCase();
  const protocol = texts.securityInterBrokerProtocol;
  if (given !== undefined && given !== '' && protocol !== null) {
    problems.push(
      'Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.',
    );
  }
  const name = given === undefined || given === '' ? (protocol ?? 'PLAINTEXT').trim() : given;
  if (advertised.length > 0 && !advertised.some((listener) => listener.name === name)) {
    problems.push(
      'inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
        `The valid options based on currently configured listeners are ` +
        `${advertised.map((listener) => listener.name).join(',')}; it is ${name}` +
        (given === undefined ? ' because it is not set' : ''),
    );
  }
  return name;
}

function elements(text: string): readonly string[] {
  return text
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}
