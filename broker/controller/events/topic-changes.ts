/**
 * Topics that come, grow and are marked for deletion. Owned by the controller, in whose queue
 * everything here runs.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import type { Random } from '../../platform/random.ts';
import { uuidToText } from '../../protocol/wire/uuid.ts';
import { topicPath } from '../../zookeeper/paths.ts';
import type { TopicAssignment } from '../../zookeeper/znodes/topic-assignment.ts';
import {
  decodeTopicAssignment,
  encodeTopicAssignment,
} from '../../zookeeper/znodes/topic-assignment.ts';
import type { Term } from '../term.ts';
import { ignoreUnreadable } from './ignore-unreadable.ts';

export interface TopicChangesOptions {
  readonly random: Random;
  /** Topics have ids (inter.broker.protocol.version 2.8 and later). */
  readonly topicIds: boolean;
  /** delete.topic.enable; without it, markers for deletion are taken away. */
  readonly deletionEnabled: () => boolean;
}

export class TopicChanges {
  readonly #term: Term;
  readonly #options: TopicChangesOptions;
  /** By topic: of the watcher that counts, the one of the last read. */
  readonly #watched = new Map<string, symbol>();

  constructor(term: Term, options: TopicChangesOptions) {
    this.#term = term;
    this.#options = options;
  }

  /** The names below /brokers/topics. */
  async onTopics(names: readonly string[]): Promise<void> {
    const { context, settings, deletion } = this.#term;
    const present = new Set(names);
    for (const topic of [...context.topics.keys()]) {
      if (!present.has(topic)) this.#forget(topic);
    }
    const added = names.filter((name) => !context.topics.has(name));
    await Promise.all(added.map((topic) => this.#read(topic)));
    // Not needed before the first ISR shrinks.
    void settings.ready(added.filter((topic) => context.topics.has(topic)));
    await this.#bringOnline(added.flatMap((topic) => context.partitions(topic)));
    await deletion.retry();
  }

  /** The names below /admin/delete_topics. */
  onDeletions(topics: readonly string[]): Promise<void> {
    const { deletion } = this.#term;
    return this.#options.deletionEnabled() ? deletion.begin(topics) : deletion.refuse(topics);
  }

  stop(): void {
    this.#watched.clear();
  }

  /** Reads the topic, and is told of its next change. */
  async #read(topic: string): Promise<void> {
    const { session, context, logger, events } = this.#term;
    const path = topicPath(topic);
    const watch = Symbol(topic);
    this.#watched.set(topic, watch);
    // A watcher is called once; reading again in its turn sets the next one.
    const node = await session.get(path, () => {
      if (this.#watched.get(topic) === watch) void events.run(() => this.#onChanged(topic));
    });
    if (node === null) return;
    let assignment: TopicAssignment;
    try {
      assignment = decodeTopicAssignment(node.data, path);
    } catch (error) {
      ignoreUnreadable(error, logger);
      return;
    }
    if (assignment.topicId === null && this.#options.topicIds) {
      // A tool before 2.8 that adds partitions leaves the id out; the topic is still the same.
      const known = context.topics.get(topic)?.topicId;
      assignment = { ...assignment, topicId: known ?? uuidToText(this.#options.random.uuid()) };
      await session.set(path, encodeTopicAssignment(assignment), node.stat.version);
    }
    context.setTopic(topic, assignment);
  }

  /** Partitions were added; or it is the deletion, of which /brokers/topics tells. */
  async #onChanged(topic: string): Promise<void> {
    const { context } = this.#term;
    const known = context.topics.get(topic);
    if (known === undefined) return;
    await this.#read(topic);
    if (context.deleting.has(topic)) return;
    const added = context
      .partitions(topic)
      .filter(({ partition }) => !known.partitions.has(partition));
    await this.#bringOnline(added);
  }

  async #bringOnline(items: readonly TopicPartition[]): Promise<void> {
    if (items.length === 0) return;
    const { partitions, leadership, uncleanStarts, announcer } = this.#term;
    await partitions.load(items);
    uncleanStarts.consider(items);
    const created = await partitions.create(items);
    await leadership.settle(items);
    announcer.announce(items, { created });
  }

  /** The topic's znode is gone although this controller did not remove it. */
  #forget(topic: string): void {
    const { context, settings, logger } = this.#term;
    logger.warn({ topic }, 'the znode of a topic was removed by hand: its replicas stay behind');
    settings.forget(topic);
    this.#watched.delete(topic);
    context.removeTopic(topic);
  }
}
