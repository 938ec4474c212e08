/**
 * The one file of the embedded store, next to the partitions of the first log directory. Text, one
 * JSON list a line:
 *
 *   ["odradek-store", 1, zxid]                                       the head
 *   [["n", path, data, czxid, mzxid, version, owner, created], ...]  nodes, parents first
 *   [["c", path, data, owner], ["s", path, data], ["d", path], ["e", owner], ["o"]]  changes
 *
 * Data is null, text, or ["base64"] where the bytes are no UTF-8. A line of changes is written and
 * synced at once, so a torn write can only spoil the last line, which is cut off at opening; any other
 * line that cannot be read is an error. When changes outnumber nodes by far, the file is written anew:
 * to a neighbour with `.tmp`, fsync, rename, fsync of the folder.
 *
 * One process at a time: who opens it holds the lock beside it. Calls do not overlap.
 */

import type { FileHandle, FileSystem } from '../../platform/file-system.ts';
import { fileErrorCode, isDiskFull } from '../../platform/file-system.ts';
import {
  decodeHead,
  decodeLine,
  encodeChanges,
  encodeHead,
  encodeRecords,
} from './store-format.ts';
import { DataTree } from './tree.ts';
import type { Change, NodeRecord } from './tree.ts';

/** Changes beyond this many, and beyond four for each node, are worth a new file. */
const changesMax = 5000;
const recordsPerLine = 1000;

export class StoreFile {
  readonly tree: DataTree;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #handle: FileHandle;
  #size: number;
  #changeCount: number;

  private constructor(fileSystem: FileSystem, path: string, opened: Opened) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.tree = opened.tree;
    this.#handle = opened.handle;
    this.#size = opened.size;
    this.#changeCount = opened.changeCount;
  }

  /** Makes the file if it is missing. Throws an Error that names file and line if it is damaged. */
  static async open(fileSystem: FileSystem, path: string): Promise<StoreFile> {
    const existing = await readIfThere(fileSystem, path);
    if (existing === null || existing.length === 0) {
      const tree = new DataTree();
      const { handle, size } = await rewrite(fileSystem, path, tree);
      return new StoreFile(fileSystem, path, { tree, handle, size, changeCount: 0 });
    }
    const replayed = replay(existing, path);
    const handle = await fileSystem.open(path, 'write');
    if (replayed.size < existing.length) {
      await handle.truncate(replayed.size);
      await handle.sync();
    }
    return new StoreFile(fileSystem, path, { ...replayed, handle });
  }

  /** On disk when it resolves. */
  async append(changes: readonly Change[]): Promise<void> {
    const line = Buffer.from(encodeChanges(changes), 'utf8');
    await this.#handle.write([line], this.#size);
    await this.#handle.sync();
    this.#size += line.length;
    this.#changeCount += changes.length;
  }

  /** Writes the file anew if it has grown far beyond what it describes. The tree must not change. */
  async compactIfDue(): Promise<void> {
    if (this.#changeCount < changesMax || this.#changeCount < 4 * this.tree.nodeCount) return;
    try {
      const { handle, size } = await rewrite(this.#fileSystem, this.#path, this.tree);
      await this.#handle.close();
      this.#handle = handle;
      this.#size = size;
      this.#changeCount = 0;
    } catch (error) {
      // There is no hurry: the file is whole, and only longer than it has to be.
      const temporary = `${this.#path}.tmp`;
      const isRenamed = (await this.#fileSystem.stat(temporary)) === null;
      if (isRenamed || !isDiskFull(error)) throw error;
      await this.#fileSystem.remove(temporary);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** What the file holds, which stays as it is; null if there is none. Throws as open() does. */
export async function readStoreFile(
  fileSystem: FileSystem,
  path: string,
): Promise<DataTree | null> {
  const content = await readIfThere(fileSystem, path);
  return content === null || content.length === 0 ? null : replay(content, path).tree;
}

interface Replayed {
  readonly tree: DataTree;
  /** Bytes up to the last whole line. */
  readonly size: number;
  readonly changeCount: number;
}

interface Opened extends Replayed {
  readonly handle: FileHandle;
}

function replay(content: Buffer, path: string): Replayed {
  const tree = new DataTree();
  const records: NodeRecord[] = [];
  let [size, lineNumber, changeCount, zxid] = [0, 0, 0, 0];
  for (let end = content.indexOf(0x0a); end !== -1; end = content.indexOf(0x0a, size)) {
    const text = content.toString('utf8', size, end);
    lineNumber += 1;
    if (lineNumber === 1) {
      zxid = headOf(text, path);
    } else {
      const line = decodeLine(text);
      const isLast = end + 1 === content.length;
      if (line === null && isLast) break;
      if (line === null) throw damaged(path, lineNumber);
      if (line.type === 'records') records.push(...line.records);
      else {
        changeCount += line.changes.length;
        if (records.length > 0) tree.restore(records.splice(0), zxid);
        for (const change of line.changes) tree.apply(change);
      }
    }
    size = end + 1;
  }
  if (lineNumber === 0) throw damaged(path, 1);
  if (records.length > 0) tree.restore(records, zxid);
  return { tree, size, changeCount };
}

function headOf(line: string, path: string): number {
  const zxid = decodeHead(line);
  if (zxid === null) throw damaged(path, 1);
  return zxid;
}

function damaged(path: string, lineNumber: number): Error {
  return new Error(
    `${path}, line ${String(lineNumber)}, cannot be read. It holds the topics and configurations of ` +
      'the embedded store: put back a copy, or remove it to start with an empty store',
  );
}

/** The old file stays whole until the new one is. */
async function rewrite(
  fileSystem: FileSystem,
  path: string,
  tree: DataTree,
): Promise<{ handle: FileHandle; size: number }> {
  const content = Buffer.from(snapshot(tree), 'utf8');
  const temporary = `${path}.tmp`;
  await fileSystem.remove(temporary);
  const handle = await fileSystem.open(temporary, 'write');
  try {
    await handle.write([content], 0);
    await handle.sync();
    await fileSystem.rename(temporary, path);
    await fileSystem.syncFolder(path.slice(0, path.lastIndexOf('/')) || '/');
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { handle, size: content.length };
}

function snapshot(tree: DataTree): string {
  const records = [...tree.records()];
  const lines = [encodeHead(tree.zxid)];
  for (let start = 0; start < records.length; start += recordsPerLine) {
    lines.push(encodeRecords(records.slice(start, start + recordsPerLine)));
  }
  return lines.join('');
}

async function readIfThere(fileSystem: FileSystem, path: string): Promise<Buffer | null> {
  try {
    return await fileSystem.readFile(path);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
