/** The effective configuration for the log, printed once at start. */

import { brokerKeys, isSensitive } from './broker-keys.ts';
import type { BrokerConfig } from './broker-config.ts';
import { renderListener } from './listeners.ts';

const hidden = '[hidden]';

/**
 * Every key that has an effect, and whatever else was set, in alphabetical order. Passwords, and the
 * values of keys that nobody knows, are hidden.
 */
export function effectiveConfiguration(config: BrokerConfig): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const key of brokerKeys.values()) {
    const value = config.get(key.name);
    if (value !== null && key.effect) values.set(key.name, value);
  }
  for (const [name, value] of config.layers.static) if (!values.has(name)) values.set(name, value);
  values.set('listeners', config.listeners.map(renderListener).join(','));
  values.set('advertised.listeners', config.advertisedListeners.map(renderListener).join(','));
  values.set('inter.broker.listener.name', config.interBrokerListenerName);
  return Object.fromEntries(
    [...values]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => [name, isSensitive(name) ? hidden : value]),
  );
}
