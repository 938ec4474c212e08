/**
 * The one-shot watchers of one session, by path. Data watchers are those of get() and exists(): they
 * hear of creation, change and deletion; child watchers hear of children coming and going and of the
 * deletion of their own node. What has been taken is not there any more.
 */

import type { WatchEvent, Watcher } from './port.ts';

type ByPath = Map<string, Set<Watcher>>;

export class WatchTable {
  readonly #data: ByPath = new Map();
  readonly #children: ByPath = new Map();

  addData(path: string, watcher: Watcher): void {
    add(this.#data, path, watcher);
  }

  addChildren(path: string, watcher: Watcher): void {
    add(this.#children, path, watcher);
  }

  /** Removes and returns who is to hear of the event, each once, in the order of their arrival. */
  take(event: WatchEvent): readonly Watcher[] {
    const due = new Set<Watcher>();
    if (event.type !== 'children') move(this.#data, event.path, due);
    if (event.type === 'children' || event.type === 'deleted') {
      move(this.#children, event.path, due);
    }
    return [...due];
  }

  clear(): void {
    this.#data.clear();
    this.#children.clear();
  }
}

function add(table: ByPath, path: string, watcher: Watcher): void {
  const watchers = table.get(path);
  if (watchers === undefined) table.set(path, new Set([watcher]));
  else watchers.add(watcher);
}

function move(table: ByPath, path: string, target: Set<Watcher>): void {
  for (const watcher of table.get(path) ?? []) target.add(watcher);
  table.delete(path);
}
