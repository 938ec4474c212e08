/**
 * The data tree of the embedded store: ZooKeeper's rules without sessions, files or time. A change is
 * first planned, which checks it against the tree as it is, and then applied; apply() is the only
 * mutator, so that replaying the applied changes in their order makes the same tree again.
 */

import assert from 'node:assert/strict';

import type { CreateOptions, NodeData, Stat, WatchEvent } from '../port.ts';
import { checkPath } from '../check-path.ts';
import { ZooKeeperError } from '../port.ts';

export type Change =
  | {
      readonly type: 'create';
      readonly path: string;
      readonly data: Buffer | null;
      readonly owner: string | null;
    }
  | { readonly type: 'set'; readonly path: string; readonly data: Buffer | null }
  | { readonly type: 'remove'; readonly path: string }
  /** A session is over, with it its ephemerals. */
  | { readonly type: 'end'; readonly owner: string }
  /** A process has opened the store: all earlier sessions are over. */
  | { readonly type: 'open' };

/** A node as a snapshot keeps it. */
export interface NodeRecord {
  readonly path: string;
  readonly data: Buffer | null;
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
  readonly owner: string | null;
  /** Children ever made: the next sequence number. */
  readonly created: number;
}

interface Node {
  data: Buffer | null;
  readonly czxid: number;
  mzxid: number;
  version: number;
  readonly owner: string | null;
  created: number;
  readonly children: Set<string>;
}

export class DataTree {
  readonly #nodes = new Map<string, Node>([['/', newNode(null, 0, null)]]);
  readonly #ephemerals = new Map<string, Set<string>>();
  #zxid = 0;

  /** Of the last change. */
  get zxid(): number {
    return this.#zxid;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  get(path: string): NodeData | null {
    checkPath(path);
    const node = this.#nodes.get(path);
    return node === undefined ? null : { data: node.data, stat: statOf(node) };
  }

  children(path: string): readonly string[] | null {
    checkPath(path);
    const node = this.#nodes.get(path);
    return node === undefined ? null : [...node.children];
  }

  /** Of a node that is there. */
  stat(path: string): Stat {
    return statOf(this.#node(path));
  }

  hasEphemerals(owner: string): boolean {
    return (this.#ephemerals.get(owner)?.size ?? 0) > 0;
  }

  /** Throws NO_NODE (the parent), NODE_EXISTS or NO_CHILDREN_FOR_EPHEMERALS. */
  planCreate(
    path: string,
    data: Buffer | null,
    { owner, sequential = false }: CreateOptions & { readonly owner: string | null },
  ): Change & { readonly type: 'create' } {
    checkPath(path);
    const parent = this.#nodes.get(parentOf(path));
    if (parent === undefined) throw new ZooKeeperError('NO_NODE', path);
    const full = sequential ? `${path}${String(parent.created).padStart(10, '0')}` : path;
    if (this.#nodes.has(full)) throw new ZooKeeperError('NODE_EXISTS', full);
    if (parent.owner !== null) throw new ZooKeeperError('NO_CHILDREN_FOR_EPHEMERALS', path);
    return { type: 'create', path: full, data: bytesOrNull(data), owner };
  }

  /** Throws NO_NODE or BAD_VERSION. */
  planSet(path: string, data: Buffer | null, version: number): Change {
    this.#existing(path, version);
    return { type: 'set', path, data: bytesOrNull(data) };
  }

  /** Throws NO_NODE, BAD_VERSION or NOT_EMPTY. */
  planRemove(path: string, version: number): Change {
    const node = this.#existing(path, version);
    if (path === '/') throw new ZooKeeperError('OTHER', path);
    if (node.children.size > 0) throw new ZooKeeperError('NOT_EMPTY', path);
    return { type: 'remove', path };
  }

  /** Returns what watchers are to be told, in order. Every change has a zxid of its own. */
  apply(change: Change): readonly WatchEvent[] {
    this.#zxid += 1;
    switch (change.type) {
      case 'create':
        return this.#create(change.path, newNode(change.data, this.#zxid, change.owner));
      case 'set':
        return this.#set(change.path, change.data);
      case 'remove':
        return this.#remove(change.path);
      case 'end':
        return this.#endSession(change.owner);
      case 'open':
        return [...this.#ephemerals.keys()].flatMap((owner) => this.#endSession(owner));
    }
  }

  /** Every node, parents before their children. */
  *records(): Iterable<NodeRecord> {
    const pending = ['/'];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const { data, czxid, mzxid, version, owner, created, children } = this.#node(path);
      yield { path, data, czxid, mzxid, version, owner, created };
      for (const name of children) pending.push(path === '/' ? `/${name}` : `${path}/${name}`);
    }
  }

  /** Puts back what records() gave, into a tree that holds nothing else. */
  restore(records: Iterable<NodeRecord>, zxid: number): void {
    for (const { path, ...record } of records) {
      if (path === '/') this.#nodes.delete('/');
      this.#insert(path, { ...record, children: new Set() });
    }
    this.#zxid = zxid;
  }

  #create(path: string, node: Node): readonly WatchEvent[] {
    this.#insert(path, node);
    const parent = parentOf(path);
    this.#node(parent).created += 1;
    return [
      { type: 'created', path },
      { type: 'children', path: parent },
    ];
  }

  #insert(path: string, node: Node): void {
    assert(!this.#nodes.has(path), `${path} is made twice`);
    this.#nodes.set(path, node);
    if (path !== '/') this.#node(parentOf(path)).children.add(nameOf(path));
    if (node.owner === null) return;
    const owned = this.#ephemerals.get(node.owner);
    if (owned === undefined) this.#ephemerals.set(node.owner, new Set([path]));
    else owned.add(path);
  }

  #set(path: string, data: Buffer | null): readonly WatchEvent[] {
    const node = this.#node(path);
    node.data = data;
    node.mzxid = this.#zxid;
    node.version += 1;
    return [{ type: 'changed', path }];
  }

  #remove(path: string): readonly WatchEvent[] {
    const node = this.#node(path);
    assert(node.children.size === 0, `${path} has children`);
    this.#nodes.delete(path);
    const parent = parentOf(path);
    this.#node(parent).children.delete(nameOf(path));
    if (node.owner !== null) this.#ephemerals.get(node.owner)?.delete(path);
    return [
      { type: 'deleted', path },
      { type: 'children', path: parent },
    ];
  }

  #endSession(owner: string): readonly WatchEvent[] {
    const events = [...(this.#ephemerals.get(owner) ?? [])].flatMap((path) => this.#remove(path));
    this.#ephemerals.delete(owner);
    return events;
  }

  #existing(path: string, version: number): Node {
    checkPath(path);
    const node = this.#nodes.get(path);
    if (node === undefined) throw new ZooKeeperError('NO_NODE', path);
    if (version !== -1 && version !== node.version) throw new ZooKeeperError('BAD_VERSION', path);
    return node;
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path);
    assert(node !== undefined, `there is no ${path}`);
    return node;
  }
}

function newNode(data: Buffer | null, zxid: number, owner: string | null): Node {
  return { data, czxid: zxid, mzxid: zxid, version: 0, owner, created: 0, children: new Set() };
}

function statOf(node: Node): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    version: node.version,
    ephemeralOwner: node.owner,
    childCount: node.children.size,
  };
}

/** No data and no bytes are one. */
function bytesOrNull(data: Buffer | null): Buffer | null {
  return data?.length === 0 ? null : data;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === 0 ? '/' : path.slice(0, slash);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
