/** The Services and StatefulSets that there are, for what depends on names. */

import type { KubeClient } from '../kube/port.ts';
import { follow } from './follow.ts';
import type { KnownNames } from './network/names.ts';
import { serviceKind } from './resources/others.ts';
import { statefulSetKind } from './resources/stateful-set.ts';

export class FollowedNames implements KnownNames {
  readonly #services = new Set<string>();
  readonly #serviceOfSet = new Map<string, string>();

  hasService(namespace: string, name: string): boolean {
    return this.#services.has(`${namespace}/${name}`);
  }

  serviceOfSet(namespace: string, set: string): string | null {
    return this.#serviceOfSet.get(`${namespace}/${set}`) ?? null;
  }

  /** Runs until the signal aborts. */
  async run(
    kube: KubeClient,
    signal: AbortSignal,
    onChange: (namespace: string) => void,
  ): Promise<void> {
    await Promise.all([
      follow(kube, serviceKind, {
        signal,
        onChange: ({ type, object: { metadata } }) => {
          const key = `${metadata.namespace}/${metadata.name}`;
          const isNew = !this.#services.has(key);
          if (type === 'present') this.#services.add(key);
          else this.#services.delete(key);
          if (isNew) onChange(metadata.namespace);
        },
      }),
      follow(kube, statefulSetKind, {
        signal,
        onChange: ({ type, object: { metadata, spec } }) => {
          const key = `${metadata.namespace}/${metadata.name}`;
          const isNew = this.#serviceOfSet.get(key) !== spec.serviceName;
          if (type === 'present') this.#serviceOfSet.set(key, spec.serviceName);
          else this.#serviceOfSet.delete(key);
          if (isNew) onChange(metadata.namespace);
        },
      }),
    ]);
  }
}
