/** From a container's spec to a process: its files written, its command and environment told. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ProcessPlan } from '../processes/process-table.ts';
import type { Container, Pod } from '../resources/pod.ts';
import { environmentOf, expanded } from './environment.ts';
import type { MountedVolume, PodContext } from './pod-context.ts';
import { mountsOf, rewriterOf } from './pod-context.ts';
import { filesOf, writeVolumeFiles } from './volume-files.ts';

/** There is nothing on this machine that could stand for the image. */
export class ImageMissing extends Error {
  constructor(image: string) {
    super(`local mode has nothing to run for image ${image}`);
    this.name = 'ImageMissing';
  }
}

/** Throws a MissingData, an ImageMissing, or a TypeError for what the spec says wrong. */
export async function planContainer(
  pod: Pod,
  container: Container,
  context: PodContext,
): Promise<ProcessPlan> {
  const program = context.images(container.image);
  if (program === null) throw new ImageMissing(container.image);
  const mounts = await writeFiles(pod, container, context);
  const rewriter = rewriterOf(pod, mounts, context);
  const folder = join(context.podFolder, 'containers', container.name);
  await mkdir(folder, { recursive: true });
  const given = environmentOf(container, { pod, ...context });
  const env = new Map([...given].map(([name, value]) => [name, rewriter.text(value)]));
  const rewritten = (texts: readonly string[]): readonly string[] =>
    texts.map((text) => rewriter.text(expanded(text, given)));
  const localPath = (path: string): string => {
    const local = rewriter.text(path);
    return local === path ? join(folder, 'root', path) : local;
  };
  const args = rewritten(container.args);
  const start = { args, env, folder, podAddress: context.podAddress, localPath };
  const { argv, env: startEnv } =
    container.command === undefined
      ? await program.start(start)
      : { argv: [...rewritten(container.command), ...args], env };
  return {
    argv,
    env: { ...context.hostEnv, HOSTNAME: pod.metadata.name, ...Object.fromEntries(startEnv) },
    folder,
    logFile: join(context.logFolder, `${container.name}.log`),
  };
}

/** Brings a container's mounted files up to date; returns its mounts. */
export async function writeFiles(
  pod: Pod,
  container: Container,
  context: PodContext,
): Promise<readonly MountedVolume[]> {
  const mounts = mountsOf(pod, container, context);
  const rewriter = rewriterOf(pod, mounts, context);
  for (const { volume, volumeFolder } of mounts) {
    const files = filesOf(volume, { pod, ...context });
    if (files === null) {
      await mkdir(volumeFolder, { recursive: true });
    } else {
      const local = [...files].map(
        ([path, content]) => [path, textual(content, rewriter)] as const,
      );
      await writeVolumeFiles(volumeFolder, new Map(local));
    }
  }
  for (const { localPath, volumeFolder, volume } of mounts) {
    // A sub-path of a folder that is the pod's to fill may not be there yet.
    const isOwn = volume.persistentVolumeClaim !== undefined || volume.emptyDir !== undefined;
    if (isOwn && localPath !== volumeFolder) await mkdir(localPath, { recursive: true });
  }
  return mounts;
}

/** What is not text stays as it is. */
function textual(content: Buffer, rewriter: { readonly text: (text: string) => string }): Buffer {
  const text = content.toString('utf8');
  return Buffer.from(text).equals(content) ? Buffer.from(rewriter.text(text)) : content;
}
