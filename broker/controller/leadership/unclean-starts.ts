/**
 * Brokers that started on logs which may have lost records: without the marker of a clean stop, on
 * another boot of their machine. Such a broker writes /odradek/unclean/N before it registers. What it
 * was a member of in its former life is in doubt from then on, until another replica leads it, or
 * nobody else can. When nothing is in doubt any more, the node is taken away.
 *
 * A node that is written again meanwhile has another version, and stays.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { paths, uncleanStartPath } from '../../zookeeper/paths.ts';
import type { Stat, ZooKeeperSession } from '../../zookeeper/port.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import type { ControllerContext } from '../context.ts';

export class UncleanStarts {
  readonly #session: ZooKeeperSession;
  readonly #context: ControllerContext;
  readonly #notes = new Map<number, Stat>();
  #hasRead = false;

  constructor(session: ZooKeeperSession, context: ControllerContext) {
    this.#session = session;
    this.#context = context;
  }

  /** Before anybody who joined is elected: of all brokers the first time, then of those that joined. */
  async read(joined: readonly number[]): Promise<void> {
    const ids = this.#hasRead ? joined : await this.#all();
    this.#hasRead = true;
    const found = await Promise.all(
      ids.map(async (id) => ({ id, stat: await this.#session.exists(uncleanStartPath(id)) })),
    );
    for (const { id, stat } of found) {
      if (stat === null) continue;
      this.#notes.set(id, stat);
      for (const item of this.#context.hostedBy([id])) this.#consider(id, stat, item);
    }
  }

  /** The states of these partitions have been read. */
  consider(partitions: readonly TopicPartition[]): void {
    if (this.#notes.size === 0) return;
    for (const item of partitions) {
      for (const [id, stat] of this.#notes) this.#consider(id, stat, item);
    }
  }

  /** Takes away the nodes of brokers that live and of which nothing is in doubt. */
  async clear(): Promise<void> {
    for (const [id, { version }] of [...this.#notes]) {
      if (!this.#context.isAlive(id) || this.#context.doubtCount(id) > 0) continue;
      this.#notes.delete(id);
      try {
        await this.#session.remove(uncleanStartPath(id), version);
      } catch (error) {
        const isOther =
          error instanceof ZooKeeperError && ['NO_NODE', 'BAD_VERSION'].includes(error.code);
        if (!isOther) throw error;
      }
    }
  }

  #consider(id: number, note: Stat, item: TopicPartition): void {
    const state = this.#context.state(item);
    if (state === undefined) return;
    if (!state.isr.includes(id) && !state.eligible.includes(id)) return;
    // Elected since then, because nobody else could be. One of whom others were only taken away, by a
    // controller that had not heard of its start yet, was not: these are eligible still.
    const isAlone = state.leader === id && state.isr.length === 1 && state.eligible.length === 0;
    const isElectedSince = isAlone && state.mzxid > note.mzxid;
    if (!isElectedSince) this.#context.doubt(id, item);
  }

  async #all(): Promise<readonly number[]> {
    const names = await this.#session.children(paths.uncleanStarts);
    return (names ?? []).map(Number).filter((id) => Number.isSafeInteger(id));
  }
}
