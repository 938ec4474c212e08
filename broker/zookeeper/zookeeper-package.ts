/**
 * The npm package `zookeeper`, a binding of ZooKeeper's own C client: the part of it that we call,
 * declared here, because the package is optional (it is compiled when it is installed) and loaded
 * only by a broker that has a ZooKeeper to connect to.
 */

/** `code` is 0, or one of the C client's negative error codes. */
export type Completion<T> = (code: number, message: string, value: T) => void;

export interface NativeStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
  readonly numChildren: number;
  /** Hexadecimal; `0` for persistent nodes. */
  readonly ephemeralOwner: string;
}

/** Every call returns 0, or a negative code and then never calls back. */
export interface NativeHandle {
  /** Hexadecimal. */
  readonly client_id: string;
  /** As negotiated, in milliseconds. */
  readonly timeout: number;
  /** 0: the servers' names could not be resolved. */
  readonly state: number;
  init(config: NativeConfig): unknown;
  close(): unknown;
  on(event: 'connect' | 'connecting', listener: () => void): unknown;
  on(event: 'close', listener: (handle: unknown, code: number) => void): unknown;
  on(
    event: 'created' | 'deleted' | 'changed' | 'child',
    listener: (handle: unknown, path: string) => void,
  ): unknown;
  a_create(path: string, data: Buffer, flags: number, done: Completion<string>): number;
  a_exists(path: string, watch: boolean, done: Completion<NativeStat>): number;
  a_get(
    path: string,
    watch: boolean,
    done: (code: number, message: string, stat: NativeStat, data: Buffer | null) => void,
  ): number;
  a_get_children(path: string, watch: boolean, done: Completion<readonly string[]>): number;
  a_set(path: string, data: Buffer, version: number, done: Completion<NativeStat>): number;
  a_delete_(path: string, version: number, done: Completion<unknown>): number;
  a_sync(path: string, done: Completion<unknown>): number;
}

export interface NativeConfig {
  readonly connect: string;
  readonly timeout: number;
  /** 0 is silence; what it would print goes to standard output, past the logger. */
  readonly debug_level: number;
}

type NativeHandleClass = new (config: object) => NativeHandle;

/** Held in a variable so that the compiler does not ask for a package that may not be there. */
const packageName: string = 'zookeeper';

/** Rejects with an Error that says what to install. */
export async function loadZooKeeperPackage(): Promise<NativeHandleClass> {
  let loaded: unknown;
  try {
    loaded = await import(packageName);
  } catch (error) {
    throw new Error(
      "The npm package 'zookeeper' is needed to connect to a ZooKeeper and could not be loaded. It " +
        'is compiled when it is installed: install a C++ compiler, make and Python 3 (on Debian: ' +
        'apt-get install build-essential python3), then run: npm rebuild zookeeper',
      { cause: error },
    );
  }
  if (!isPackage(loaded)) {
    throw new Error("The npm package 'zookeeper' has no default export: version 7 is expected");
  }
  return loaded.default;
}

function isPackage(value: unknown): value is { readonly default: NativeHandleClass } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'default' in value &&
    typeof value.default === 'function'
  );
}
