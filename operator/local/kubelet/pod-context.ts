/** What the containers of one pod share: where its folders are and how texts are put for it. */

import { join } from 'node:path';

import type { Clock } from '../../../broker/platform/clock.ts';
import type { Logger } from '../../../broker/platform/logger.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import type { Names } from '../network/names.ts';
import type { ProcessTable } from '../processes/process-table.ts';
import type { Container, Pod, Volume } from '../resources/pod.ts';
import type { DataSource } from './data-source.ts';
import type { Images } from './image.ts';
import type { LocalMount } from './rewriter.ts';
import { Rewriter } from './rewriter.ts';

export interface PodContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly images: Images;
  readonly processes: ProcessTable;
  readonly names: Pick<Names, 'resolve'>;
  readonly data: DataSource;
  readonly podAddress: string;
  /** What every container's environment begins with, such as PATH. */
  readonly hostEnv: Readonly<Record<string, string>>;
  /** Emptied when the pod is made anew. */
  readonly podFolder: string;
  /** Holds a folder per claim of the pod's namespace. */
  readonly claimsFolder: string;
  readonly logFolder: string;
  /** A container's log is put aside, in place of the one before, when a look at it finds more than this. */
  readonly logSizeMax: number;
  readonly logCheckPeriodMs: number;
  readonly restartDelayMinMs: number;
  readonly restartDelayMaxMs: number;
}

export interface MountedVolume extends LocalMount {
  readonly volume: Volume;
  /** The whole volume, where `localPath` may be a part of it. */
  readonly volumeFolder: string;
}

/** Where each mount of the container is. Throws a TypeError for a mount of no volume. */
export function mountsOf(
  pod: Pod,
  container: Container,
  context: PodContext,
): readonly MountedVolume[] {
  return container.volumeMounts.map(({ name, mountPath, subPath }) => {
    const volume = pod.spec.volumes.find((each) => each.name === name);
    if (volume === undefined) throw new TypeError(`volumeMounts: there is no volume ${name}`);
    const volumeFolder = folderOf(volume, container, context);
    const localPath = subPath === undefined ? volumeFolder : join(volumeFolder, subPath);
    return { volume, volumeFolder, mountPath, localPath };
  });
}

export function rewriterOf(
  pod: Pod,
  mounts: readonly LocalMount[],
  { names, podAddress }: PodContext,
): Rewriter {
  return new Rewriter({ mounts, names, podAddress, namespace: pod.metadata.namespace });
}

/**
 * Claims are shared by whoever names them and empty folders by the pod's containers; files are each
 * container's own, because they are put in terms of its mounts.
 */
function folderOf(volume: Volume, container: Container, context: PodContext): string {
  const { persistentVolumeClaim, emptyDir } = volume;
  if (persistentVolumeClaim !== undefined) {
    return join(context.claimsFolder, persistentVolumeClaim.claimName);
  }
  if (emptyDir !== undefined) return join(context.podFolder, 'volumes', volume.name);
  return join(context.podFolder, 'containers', container.name, 'volumes', volume.name);
}
