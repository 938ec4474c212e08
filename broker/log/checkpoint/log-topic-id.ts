/** The topic id of a log: none, or for ever the one that its folder says. Owner: the log. */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { FileSystem } from '../../platform/file-system.ts';
import { writeTopicId } from './partition-metadata.ts';

interface LogTopicIdOptions {
  readonly folder: string;
  readonly environment: { readonly fileSystem: FileSystem };
  readonly topicId: string | null;
}

export class LogTopicId {
  readonly #options: LogTopicIdOptions;
  #value: string | null;

  constructor(options: LogTopicIdOptions) {
    this.#options = options;
    this.#value = options.topicId;
  }

  get value(): string | null {
    return this.#value;
  }

  /** Writes it beside the data. Throws KafkaError INCONSISTENT_TOPIC_ID if there is another. */
  async assign(topicId: string): Promise<void> {
    if (this.#value === topicId) return;
    const { folder, environment } = this.#options;
    if (this.#value !== null) {
      throw new KafkaError(
        ErrorCodes.INCONSISTENT_TOPIC_ID,
        `${folder} holds data of topic id ${this.#value}, not of ${topicId}`,
      );
    }
    this.#value = topicId;
    await writeTopicId(environment.fileSystem, folder, topicId);
  }
}
