/**
 * Files of ConfigMap, Secret, downwardAPI and projected volumes, written as the kubelet writes them:
 * each set of files in a folder of its own, `..data` a link to the newest, the names links through
 * `..data`. So a change comes all at once, and a program that watches sees what it sees in a cluster.
 */

import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';

import { fileErrorCode } from '../../../broker/platform/file-system.ts';
import type { Pod, Volume } from '../resources/pod.ts';
import type { DataReference, DataSource } from './data-source.ts';
import { MissingData } from './data-source.ts';
import { podField } from './pod-fields.ts';

/** Path below the mount -> content. */
export type VolumeFiles = ReadonlyMap<string, Buffer>;

interface Sources {
  readonly configMap?: Volume['configMap'] | undefined;
  readonly downwardAPI?: Volume['downwardAPI'] | undefined;
  readonly secret?: (DataReference & { readonly items?: Items }) | undefined;
}
type Items = NonNullable<Volume['configMap']>['items'];

interface Context {
  readonly pod: Pod;
  readonly podAddress: string;
  readonly data: DataSource;
}

/** Null: the volume is a plain folder. Throws a MissingData, or a TypeError for a bad path. */
export function filesOf(volume: Volume, context: Context): VolumeFiles | null {
  const { configMap, downwardAPI, projected } = volume;
  if (projected !== undefined) {
    return new Map(projected.sources.flatMap((source) => [...filesOfSource(source, context)]));
  }
  if (volume.secret !== undefined) {
    const { secretName: name, ...rest } = volume.secret;
    return filesOfSource({ secret: { name, ...rest } }, context);
  }
  if (configMap === undefined && downwardAPI === undefined) return null;
  return filesOfSource({ configMap, downwardAPI }, context);
}

function filesOfSource(source: Sources, context: Context): VolumeFiles {
  const { configMap, secret, downwardAPI } = source;
  const fields = (downwardAPI?.items ?? []).map(({ path, fieldRef }) => {
    const value = podField(context.pod, fieldRef.fieldPath, context.podAddress);
    return [checkedPath(path), Buffer.from(value)] as const;
  });
  const maps = configMap === undefined ? [] : picked('ConfigMap', configMap, context.data);
  const secrets = secret === undefined ? [] : picked('Secret', secret, context.data);
  return new Map([...maps, ...secrets, ...fields]);
}

function picked(
  kind: 'ConfigMap' | 'Secret',
  reference: DataReference & { readonly items?: Items },
  data: DataSource,
): readonly (readonly [string, Buffer])[] {
  const all = data.all(kind, reference);
  if (reference.items === undefined) return [...all];
  return reference.items.flatMap(({ key, path }) => {
    const value = all.get(key);
    if (value !== undefined) return [[checkedPath(path), value] as const];
    if (reference.optional) return [];
    throw new MissingData(`${kind} ${reference.name} has no ${key}`);
  });
}

function checkedPath(path: string): string {
  const clean = normalize(path);
  if (clean.startsWith('/') || clean.split('/').includes('..')) {
    throw new TypeError(`path: ${path} leads out of the volume`);
  }
  return clean;
}

/** Brings the folder to these files. True if anything changed. */
export async function writeVolumeFiles(folder: string, files: VolumeFiles): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const link = join(folder, '..data');
  const before = await linkTarget(link);
  if (before !== null && (await isSame(join(folder, before), files))) return false;
  const fresh = await mkdtemp(join(folder, '..v'));
  for (const [path, content] of files) {
    await mkdir(dirname(join(fresh, path)), { recursive: true });
    await writeFile(join(fresh, path), content);
  }
  await symlink(basename(fresh), `${link}_tmp`);
  await rename(`${link}_tmp`, link);
  await linkNames(folder, files);
  if (before !== null) await rm(join(folder, before), { recursive: true, force: true });
  return true;
}

async function isSame(folder: string, files: VolumeFiles): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, content] of files) {
    const there = await readFile(join(folder, path)).catch(() => null);
    if (there?.equals(content) !== true) return false;
  }
  return true;
}

async function linkNames(folder: string, files: VolumeFiles): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const there = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  for (const name of there) if (!wanted.has(name)) await rm(join(folder, name));
  for (const name of wanted) {
    if (!there.includes(name)) await symlink(join('..data', name), join(folder, name));
  }
}

async function linkTarget(link: string): Promise<string | null> {
  try {
    return await readlink(link);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
