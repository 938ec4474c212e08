/**
 * What a container sees, told in terms of this machine: paths below its mounts become local folders,
 * names become loopback addresses, and "all addresses" and "localhost" become the pod's own address,
 * for in a pod that is what they mean.
 */

import type { Names } from '../network/names.ts';

export interface LocalMount {
  readonly mountPath: string;
  readonly localPath: string;
}

export class Rewriter {
  readonly #options: RewriterOptions;
  readonly #paths: RegExp | null;
  readonly #localPaths: ReadonlyMap<string, string>;

  constructor(options: RewriterOptions) {
    this.#options = options;
    this.#localPaths = new Map(
      options.mounts.map(({ mountPath, localPath }) => [withoutSlash(mountPath), localPath]),
    );
    const longestFirst = [...this.#localPaths.keys()].sort(
      (one, other) => other.length - one.length,
    );
    const alternatives = longestFirst.map(escaped).join('|');
    // In one pass, because a local path may itself begin with somebody's mount path.
    this.#paths =
      longestFirst.length === 0
        ? null
        : new RegExp(`(?<![\\w./-])(${alternatives})(?=$|/|[^\\w.-]|\\.(?!\\w))`, 'gm');
  }

  text(text: string): string {
    const { names, namespace, podAddress } = this.#options;
    const addressed = names
      .resolve(text, namespace)
      .replaceAll(/(?<![\w.-])(0\.0\.0\.0|127\.0\.0\.1|localhost)(?![\w.-])/g, podAddress);
    if (this.#paths === null) return addressed;
    return addressed.replaceAll(this.#paths, (path) => this.#localPaths.get(path) ?? path);
  }
}

interface RewriterOptions {
  readonly mounts: readonly LocalMount[];
  readonly names: Pick<Names, 'resolve'>;
  readonly namespace: string;
  readonly podAddress: string;
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
