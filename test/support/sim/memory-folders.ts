/**
 * The tree of folders of the memory file system, as programs see it and as a disk holds it. Changes
 * go into a journal; a synced folder takes with it the changes it depends on, and what a crash
 * leaves of the journal is a beginning of it, as with the journals of ext4 and XFS. A rename is one
 * change: it is never half done.
 */

import { MemoryFile } from './memory-file.ts';

export class MemoryFolder {
  readonly entries = new Map<string, MemoryFile | MemoryFolder>();
  readonly durable = new Map<string, MemoryFile | MemoryFolder>();
}

interface Step {
  readonly folder: MemoryFolder;
  readonly name: string;
  /** Null removes the name. */
  readonly node: MemoryFile | MemoryFolder | null;
}

type Change = readonly Step[];

export class MemoryFolders {
  readonly root = new MemoryFolder();
  #journal: Change[] = [];

  /** The number of changes that no disk holds yet. */
  get unsyncedCount(): number {
    return this.#journal.length;
  }

  change(steps: Change): void {
    for (const step of steps) applyTo(step.folder.entries, step);
    this.#journal.push(steps);
  }

  sync(folder: MemoryFolder): void {
    const folders = new Set([folder]);
    const taken = new Set<Change>();
    for (const change of [...this.#journal].reverse()) {
      if (!change.some((step) => folders.has(step.folder))) continue;
      taken.add(change);
      for (const step of change) folders.add(step.folder);
    }
    for (const change of this.#journal) if (taken.has(change)) makeDurable(change);
    this.#journal = this.#journal.filter((change) => !taken.has(change));
  }

  /** Keeps the first `keptCount` unsynced changes, forgets the others. */
  crash(keptCount: number): void {
    for (const change of this.#journal.slice(0, keptCount)) makeDurable(change);
    this.#journal = [];
    for (const folder of foldersBelow(this.root)) {
      folder.entries.clear();
      for (const [name, node] of folder.durable) folder.entries.set(name, node);
    }
  }

  /** Every file that a path leads to. */
  files(): ReadonlySet<MemoryFile> {
    const files = new Set<MemoryFile>();
    for (const folder of foldersBelow(this.root)) {
      for (const node of folder.entries.values()) if (node instanceof MemoryFile) files.add(node);
    }
    return files;
  }
}

function makeDurable(change: Change): void {
  for (const step of change) applyTo(step.folder.durable, step);
}

function applyTo(names: Map<string, MemoryFile | MemoryFolder>, step: Step): void {
  if (step.node === null) names.delete(step.name);
  else names.set(step.name, step.node);
}

/** The folder and those below it, by what programs see and by what the disk holds. */
function foldersBelow(root: MemoryFolder): ReadonlySet<MemoryFolder> {
  const found = new Set([root]);
  for (const folder of found) {
    for (const node of [...folder.entries.values(), ...folder.durable.values()]) {
      if (node instanceof MemoryFolder) found.add(node);
    }
  }
  return found;
}
