/** Names of topics: what Kafka allows, with its messages, and the topics that are its own. */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';

export const CONSUMER_OFFSETS = '__consumer_offsets';
export const TRANSACTION_STATE = '__transaction_state';

/** Leaves room in a file name of 255 bytes for a partition, a dash and a suffix. */
const nameLengthMax = 249;

export function isInternalTopic(topic: string): boolean {
  return topic === CONSUMER_OFFSETS || topic === TRANSACTION_STATE;
}

/** What is wrong with the name, in Kafka's words; null if nothing. */
export function topicNameProblem(topic: string): string | null {
  if (topic === '') return 'the empty string is not allowed';
  if (topic === '.' || topic === '..') return `'${topic}' is not allowed`;
  if (topic.length > nameLengthMax) {
    return `the length of '${topic}' is longer than the max allowed length ${String(nameLengthMax)}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(topic)) {
    return `'${topic}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  }
  return null;
}

/** Throws INVALID_TOPIC_EXCEPTION. */
export function checkTopicName(topic: string): void {
  const problem = topicNameProblem(topic);
  if (problem === null) return;
  throw new KafkaError(ErrorCodes.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${problem}`);
}

/** Names of metrics turn '.' into '_', so two names that differ only there are one name to them. */
export function canCollide(topic: string): boolean {
  return topic.includes('.') || topic.includes('_');
}

/** The existing topics with whose metrics those of `topic` would be mixed up. */
export function collidingTopics(topic: string, existing: Iterable<string>): readonly string[] {
  if (!canCollide(topic)) return [];
  const unified = unify(topic);
  const colliding: string[] = [];
  for (const other of existing) {
    if (other !== topic && unify(other) === unified) colliding.push(other);
  }
  return colliding;
}

/** Throws INVALID_TOPIC_EXCEPTION if the new topic collides with others. */
export function checkTopicCollision(topic: string, existing: Iterable<string>): void {
  const colliding = collidingTopics(topic, existing);
  if (colliding.length === 0) return;
  throw new KafkaError(
    ErrorCodes.INVALID_TOPIC_EXCEPTION,
    `Topic '${topic}' collides with existing topics: ${colliding.join(', ')}`,
  );
}

function unify(topic: string): string {
  return topic.replaceAll('.', '_');
}
