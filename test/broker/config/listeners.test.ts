import { describe, expect, it } from '@jest/globals';
import type { ListenerTexts } from '../../../broker/config/listeners.ts';
import { parseListeners, renderListener } from '../../../broker/config/listeners.ts';

const unset: ListenerTexts = {
  listeners: null,
  advertisedListeners: null,
  protocolMap: 'PLAINTEXT:PLAINTEXT,SSL:SSL',
  interBrokerListenerName: null,
  securityInterBrokerProtocol: null,
  hostName: null,
  port: null,
  advertisedHostName: null,
  advertisedPort: null,
};

function parse(texts: Partial<ListenerTexts>) {
  const problems: string[] = [];
  const settings = parseListeners({ ...unset, ...texts }, problems);
  return {
    problems,
    listeners: settings.listeners.map(renderListener),
    advertised: settings.advertisedListeners.map(renderListener),
    interBroker: settings.interBrokerListenerName,
  };
}

describe('parseListeners', () => {
  it('listens on every interface and advertises the same without any key', () => {
    expect(parse({})).toEqual({
      problems: [],
      listeners: ['PLAINTEXT://:9092'],
      advertised: ['PLAINTEXT://:9092'],
      interBroker: 'PLAINTEXT',
    });
  });

  it('maps listener names to protocols and takes IPv6 addresses', () => {
    const result = parse({
      listeners: 'internal://[::1]:9091, OUTSIDE://:9094',
      advertisedListeners: 'INTERNAL://b1:9091,OUTSIDE://kafka.example.com:30100',
      protocolMap: 'INTERNAL:PLAINTEXT,OUTSIDE:plaintext',
      interBrokerListenerName: 'internal',
    });
    expect(result).toEqual({
      problems: [],
      listeners: ['INTERNAL://[::1]:9091', 'OUTSIDE://:9094'],
      advertised: ['INTERNAL://b1:9091', 'OUTSIDE://kafka.example.com:30100'],
      interBroker: 'INTERNAL',
    });
  });

  it('reads the host and port keys of Kafka before 3.0', () => {
    const result = parse({ hostName: 'h', port: '9095', advertisedHostName: 'a' });
    expect(result.listeners).toEqual(['PLAINTEXT://h:9095']);
    expect(result.advertised).toEqual(['PLAINTEXT://a:9095']);
  });

  it('prefers advertised.listeners to advertised.host.name', () => {
    const result = parse({ advertisedListeners: 'PLAINTEXT://new:1', advertisedHostName: 'old' });
    expect(result.advertised).toEqual(['PLAINTEXT://new:1']);
  });

  it.each([
    [{ listeners: 'PLAINTEXT://host' }, 'Unable to parse PLAINTEXT://host to a broker endpoint'],
    [{ listeners: 'PLAINTEXT://host:70000' }, 'Unable to parse'],
    [{ listeners: 'host:9092' }, 'Unable to parse'],
    [{ listeners: 'A://:1' }, 'No security protocol defined for listener A'],
    [{ listeners: 'SSL://:1' }, 'this version serves PLAINTEXT only'],
    [{ listeners: 'PLAINTEXT://:1,PLAINTEXT://:2' }, 'Each listener must have a different name'],
    [{ listeners: ' ' }, 'at least one is needed'],
    [{ protocolMap: 'PLAINTEXT:TLS' }, 'expected NAME:PROTOCOL'],
    [{ listeners: 'PLAINTEXT://0.0.0.0:9092' }, 'nonroutable meta-address 0.0.0.0'],
    [
      { advertisedListeners: 'SSL2://h:1', protocolMap: 'SSL2:PLAINTEXT,PLAINTEXT:PLAINTEXT' },
      'equal to or a subset',
    ],
    [{ interBrokerListenerName: 'OTHER' }, 'inter.broker.listener.name must be a listener name'],
    [
      { interBrokerListenerName: 'PLAINTEXT', securityInterBrokerProtocol: 'PLAINTEXT' },
      'Only one of inter.broker.listener.name and security.inter.broker.protocol',
    ],
  ])('refuses %j', (texts, message) => {
    expect(parse(texts).problems.join('\n')).toContain(message);
  });

  it('lets two listeners share a port only as IPv4 and IPv6', () => {
    const protocolMap = 'A:PLAINTEXT,B:PLAINTEXT';
    const texts = { protocolMap, interBrokerListenerName: 'A' };
    const shared = parse({ ...texts, listeners: 'A://127.0.0.1:1,B://[::1]:1' });
    expect(shared.problems).toEqual([]);
    const taken = parse({ ...texts, listeners: 'A://127.0.0.1:1,B://127.0.0.2:1' });
    expect(taken.problems.join()).toContain('Each listener must have a different port');
    const chosen = parse({ ...texts, listeners: 'A://127.0.0.1:0,B://127.0.0.1:0' });
    expect(chosen.problems).toEqual([]);
  });
});
