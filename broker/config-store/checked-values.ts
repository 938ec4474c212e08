/**
 * Kafka's tools can write any text to /config in ZooKeeper. What is not right there is left out and
 * logged: one wrong value must not take the others, or the broker, with it.
 */

import { brokerKeys } from '../config/broker-keys.ts';
import type { ConfigKey } from '../config/config-key.ts';
import type { Properties } from '../config/resolve.ts';
import { topicKeys } from '../config/topic-keys.ts';
import { valueProblem } from '../config/values.ts';
import type { Logger } from '../platform/logger.ts';

export function checkedTopic(topic: string, own: Properties, logger: Logger): Properties {
  const problemOf = (name: string, value: string): string | null =>
    problemWith(topicKeys.get(name), value);
  return checked(own, problemOf, logger.child({ topic }));
}

/** Without what cannot be changed at run time, too. */
export function checkedBroker(own: Properties, logger: Logger): Properties {
  const problemOf = (name: string, value: string): string | null => {
    const key = brokerKeys.get(name);
    return key?.scope === 'read-only'
      ? `${name} cannot be changed while a broker runs`
      : problemWith(key, value);
  };
  return checked(own, problemOf, logger);
}

/** Keys that are not known stay: a later version may have written them. */
function problemWith(key: ConfigKey | undefined, value: string): string | null {
  return key === undefined ? null : valueProblem(key, value);
}

function checked(
  own: Properties,
  problemOf: (name: string, value: string) => string | null,
  logger: Logger,
): Properties {
  const kept = new Map<string, string>();
  for (const [name, value] of own) {
    const problem = problemOf(name, value);
    if (problem === null) kept.set(name, value);
    else logger.warn({ problem }, 'a configured value is left out');
  }
  return kept;
}
