/** Tells how the conditions of custom resources turn: what a person at the terminal waits for. */

import { z } from 'zod';

import type { KubeClient, KubeObject } from '../kube/port.ts';
import { kafkaClusters, kafkaTopics } from '../kube/resources.ts';
import { follow } from './follow.ts';

export interface ConditionEvent {
  readonly type: 'condition';
  readonly kind: string;
  readonly name: string;
  readonly condition: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const statusSchema = z.looseObject({
  conditions: z.array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().default(''),
      message: z.string().default(''),
    }),
  ),
});

/** Runs until the signal aborts. A condition is told when status, reason or message changes. */
export async function runConditionEvents(
  kube: KubeClient,
  signal: AbortSignal,
  onEvent: (event: ConditionEvent) => void,
): Promise<void> {
  const told = new Map<string, string>();
  const tell = (object: KubeObject): void => {
    for (const event of eventsOf(object)) {
      const key = `${object.metadata.uid ?? ''} ${event.condition}`;
      const text = JSON.stringify(event);
      if (told.get(key) !== text) onEvent(event);
      told.set(key, text);
    }
  };
  const forget = ({ metadata }: KubeObject): void => {
    const prefix = `${metadata.uid ?? ''} `;
    for (const key of [...told.keys()]) if (key.startsWith(prefix)) told.delete(key);
  };
  await Promise.all(
    [kafkaClusters, kafkaTopics].map((kind) =>
      follow(kube, kind, {
        signal,
        onChange: ({ type, object }) => {
          if (type === 'present') tell(object);
          else forget(object);
        },
      }),
    ),
  );
}

function eventsOf({ kind, metadata, status }: KubeObject): readonly ConditionEvent[] {
  const parsed = statusSchema.safeParse(status);
  if (!parsed.success) return [];
  return parsed.data.conditions.map(({ type, status: turned, reason, message }) => ({
    type: 'condition',
    kind,
    name: metadata.name,
    condition: type,
    status: turned,
    reason,
    message,
  }));
}
