/**
 * The disk below one folder of log.dirs, as its users find it. Owner: the log manager; everything that
 * is done to files below the folder goes through DiskFileSystem, which asks here first and tells here
 * what failed.
 *
 * Online: all is well. Full: a write found no room; appends are refused, the reserve is given up for
 * the small files, and everything else goes on; it ends by itself when the reserve can be had again.
 * Offline: the disk failed; final until the next start, and no call reaches it any more.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem, SharedSyncs } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { TaskLimit } from '../../platform/task-limit.ts';
import type { Timer, Timers } from '../../platform/timers.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import { diskTroubleOf } from './disk-trouble.ts';
import { ReserveFile } from './reserve-file.ts';

export const RESERVE_SIZE = 4 * 1024 * 1024;

/** Between two looks at a full disk. */
const RETRY_MS_MIN = 1000;
/** For a disk that has room for the reserve and, each time, for little more. */
const RETRY_MS_MAX = 30_000;
/** A disk that is full again sooner was not relieved. */
const RELIEF_MS_MIN = 60_000;

export interface DiskOptions {
  /** The folder of log.dirs. */
  readonly path: string;
  /** The machine's own. */
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Calls that may be in the thread pool at the same time. */
  readonly operationsMax: number;
  /** Called once. */
  readonly onFailed: (disk: Disk) => void;
}

export class Disk {
  readonly path: string;
  /** Every call that may wait for the disk. */
  readonly gate: TaskLimit;
  /** Those that sync: they take longest, and must not be all that runs. */
  readonly syncs: TaskLimit;
  readonly #options: DiskOptions;
  readonly #reserve: ReserveFile;
  #failure: Error | null = null;
  #isFull = false;
  #releasing: Promise<void> | null = null;
  #probe: Timer | null = null;
  #probing: Promise<void> | null = null;
  #retryMs = RETRY_MS_MIN;
  #relievedAtMs = -Infinity;
  #sharedSyncs: SharedSyncs | null = null;
  #isSharing = false;
  #isStopped = false;

  constructor(options: DiskOptions) {
    const { path, fileSystem, operationsMax } = options;
    this.#options = options;
    this.path = path;
    this.gate = new TaskLimit(operationsMax);
    this.syncs = new TaskLimit(Math.max(1, Math.floor(operationsMax / 2)));
    this.#reserve = new ReserveFile({ fileSystem, folder: path, size: RESERVE_SIZE });
  }

  /** Why it is offline; null while it is not. */
  get failure(): Error | null {
    return this.#failure;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Throws while it is offline. The error has the code EIO, like any of a disk that failed. */
  checkOnline(): void {
    if (this.#failure === null) return;
    const offline = new Error(`${this.path} is offline`, { cause: this.#failure });
    throw Object.assign(offline, { code: 'EIO' });
  }

  /** Throws KafkaError KAFKA_STORAGE_ERROR where nothing must be appended. */
  checkWritable(): void {
    if (this.#failure === null && !this.#isFull) return;
    throw new KafkaError(
      ErrorCodes.KAFKA_STORAGE_ERROR,
      this.#failure === null
        ? `the disk of ${this.path} is full: records are taken again when there is room`
        : `the disk of ${this.path} has failed`,
    );
  }

  /** Takes notice of a call that failed, wherever it was made. */
  note(error: unknown): DiskTrouble {
    const trouble = diskTroubleOf(error);
    if (trouble === 'failed') this.fail(error);
    if (trouble === 'full') this.#noteFull(error);
    return trouble;
  }

  /** The same for work in a thread that nobody waits for: where it finds no room, it gives way. */
  noteInBackground(error: unknown): void {
    if (diskTroubleOf(error) === 'failed') this.fail(error);
  }

  /** Takes it offline. Idempotent. */
  fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error instanceof Error ? error : new Error('unknown failure', { cause: error });
    this.stop();
    this.#options.logger.error(
      { folder: this.path, err: error },
      'a log.dir is offline: its disk failed, and its partitions answer KAFKA_STORAGE_ERROR',
    );
    this.#options.onFailed(this);
  }

  /** Gives up the reserve, if there is one. Resolves in any case. */
  makeRoom(): Promise<void> {
    this.#releasing ??= this.#release().finally(() => (this.#releasing = null));
    return this.#releasing;
  }

  /** Takes the reserve. Resolves in any case. */
  async start(): Promise<void> {
    if (this.#failure === null) await this.#takeReserve();
  }

  /** For what is going to sync thousands of files. Resolves in any case. */
  async openSharedSyncs(): Promise<void> {
    const { fileSystem } = this.#options;
    const open = async (): Promise<SharedSyncs | null> =>
      (await fileSystem.openSharedSyncs?.(this.path)) ?? null;
    // Without them files are synced one by one.
    this.#sharedSyncs = await this.gate.run(open).catch(() => null);
  }

  /** Syncs are made together from now on: so many may be asked for at once. False: not on this disk. */
  shareSyncs(): boolean {
    this.#sharedSyncs?.begin();
    this.#isSharing = this.#sharedSyncs !== null;
    return this.#isSharing;
  }

  async closeSharedSyncs(): Promise<void> {
    const syncs = this.#sharedSyncs;
    this.#sharedSyncs = null;
    this.#isSharing = false;
    await syncs?.close();
  }

  /** In line with others, unless they are made together. */
  async sync(call: () => Promise<void>): Promise<void> {
    const checked = (): Promise<void> => {
      this.checkOnline();
      return call();
    };
    await (this.#isSharing ? checked() : this.syncs.run(() => this.gate.run(checked)));
  }

  /** No further looks at a full disk. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#probe?.cancel();
    this.#probe = null;
  }

  /** Resolves when none of its own calls is under way. */
  async idle(): Promise<void> {
    await this.#probing;
    await this.#releasing;
  }

  #noteFull(error: unknown): void {
    if (this.#isFull || this.#failure !== null) return;
    this.#isFull = true;
    const { clock, logger } = this.#options;
    const isRelapse = clock.monotonicMs() - this.#relievedAtMs < RELIEF_MS_MIN;
    this.#retryMs = isRelapse ? Math.min(this.#retryMs * 2, RETRY_MS_MAX) : RETRY_MS_MIN;
    logger.error(
      { folder: this.path, err: error },
      'the disk of a log.dir is full: appends are refused until there is room, all else goes on',
    );
    // Whatever has to be written next is small, and finds room.
    void this.makeRoom();
    this.#probeLater();
  }

  async #release(): Promise<void> {
    try {
      await this.gate.run(() => this.#reserve.release());
    } catch (error) {
      this.note(error);
    }
  }

  #probeLater(): void {
    if (this.#isStopped) return;
    this.#probe = this.#options.timers.after(this.#retryMs, () => {
      this.#probing = this.#lookForRoom().finally(() => (this.#probing = null));
    });
  }

  async #lookForRoom(): Promise<void> {
    if (await this.#hasRoom()) await this.#takeReserve();
    if (this.#isFull && this.#failure === null) this.#probeLater();
  }

  /** Twice the reserve: what is left beside it has to be worth going on for. */
  async #hasRoom(): Promise<boolean> {
    const { fileSystem } = this.#options;
    try {
      return (await this.gate.run(() => fileSystem.freeSize(this.path))) >= 2 * RESERVE_SIZE;
    } catch (error) {
      this.note(error);
      return false;
    }
  }

  async #takeReserve(): Promise<void> {
    try {
      await this.#releasing;
      await this.gate.run(() => this.#reserve.take());
    } catch (error) {
      this.note(error);
      return;
    }
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#relievedAtMs = this.#options.clock.monotonicMs();
    this.#options.logger.info({ folder: this.path }, 'the disk of a log.dir has room again');
  }
}
