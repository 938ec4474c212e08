/** What stands for a container image on this machine: how its entry point is run here. */

export interface ContainerContext {
  /** Arguments and environment of the container, already in terms of this machine. */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** A folder of the container's own, emptied when the pod is made anew. */
  readonly folder: string;
  readonly podAddress: string;
  /** Where a path of the container is on this machine: in its mount, or else below `folder`. */
  readonly localPath: (path: string) => string;
}

export interface ContainerStart {
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

export interface ImageProgram {
  /** What the image's own entry point would do; throws an Error that says what it lacks. */
  start(context: ContainerContext): Promise<ContainerStart>;
  /** Pods with a lower rank are stopped before those with a higher one. */
  readonly stopRank: number;
}

/** Null: there is nothing for this image here. */
export type Images = (image: string) => ImageProgram | null;

/** A command that gets the container's arguments. */
export function commandImage(command: readonly string[], stopRank = 0): ImageProgram {
  return {
    stopRank,
    start: ({ args, env }) => Promise.resolve({ argv: [...command, ...args], env }),
  };
}

/** The last part of an image's name, without tag and digest: `zookeeper` of `docker.io/zookeeper:3.9`. */
export function imageBaseName(image: string): string {
  const path = image.replace(/@.*$/, '');
  return path.slice(path.lastIndexOf('/') + 1).replace(/:.*$/, '');
}
