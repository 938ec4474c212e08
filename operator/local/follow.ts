/** Follows the objects of a kind: first what there is, then every change, over gaps of the history. */

import type { KubeClient, KubeObject, ResourceKind } from '../kube/port.ts';
import { KubeError } from '../kube/port.ts';

export interface Followed<T> {
  readonly type: 'present' | 'gone';
  readonly object: T;
}

/** Resolves when the signal aborts. An object may be told as present again without a change. */
export async function follow<T extends KubeObject>(
  kube: KubeClient,
  kind: ResourceKind<T>,
  options: {
    readonly onChange: (change: Followed<T>) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const known = new Map<string, T>();
  const tell = (change: Followed<T>): void => {
    const { namespace = 'default', name } = change.object.metadata;
    if (change.type === 'present') known.set(`${namespace}/${name}`, change.object);
    else known.delete(`${namespace}/${name}`);
    options.onChange(change);
  };
  while (!options.signal.aborted) {
    const { items, resourceVersion } = await kube.list(kind, {});
    const uids = new Set(items.map((item) => item.metadata.uid));
    for (const object of [...known.values()]) {
      if (!uids.has(object.metadata.uid)) tell({ type: 'gone', object });
    }
    for (const object of items) tell({ type: 'present', object });
    await watchFrom(kube, kind, { ...options, resourceVersion, tell });
  }
}

/** Returns when the watch has to begin anew with a list. */
async function watchFrom<T extends KubeObject>(
  kube: KubeClient,
  kind: ResourceKind<T>,
  options: {
    readonly resourceVersion: string;
    readonly tell: (change: Followed<T>) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  try {
    await kube.watch(kind, {
      resourceVersion: options.resourceVersion,
      signal: options.signal,
      onEvent: (event) => {
        if (event.type === 'bookmark') return;
        const type = event.type === 'deleted' ? 'gone' : 'present';
        options.tell({ type, object: event.object });
      },
    });
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'GONE') throw error;
  }
}
