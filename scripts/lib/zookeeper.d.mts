/** Types of zookeeper.mjs, for the tests. */

export interface FoundZooKeeper {
  readonly kind: 'home' | 'debian';
  readonly java: string;
  readonly classPath: string;
  readonly command: readonly string[];
  readonly version: string;
}

export function findZooKeeper(
  env?: Readonly<Record<string, string | undefined>>,
): FoundZooKeeper | null;
