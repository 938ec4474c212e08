import { describe, expect, it } from '@jest/globals';
import {
  canCollide,
  checkTopicCollision,
  checkTopicName,
  collidingTopics,
  isInternalTopic,
} from '../../../broker/cluster/topic-name.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';

const code = ErrorCodes.INVALID_TOPIC_EXCEPTION;

describe('Names of topics', () => {
  it.each(['a', 'A-z_0.9', '...', '__consumer_offsets', 'x'.repeat(249)])('may be %s', (name) => {
    expect(() => checkTopicName(name)).not.toThrow();
  });

  const long = 'x'.repeat(250);
  it.each([
    ['', 'Topic name is invalid: the empty string is not allowed'],
    ['.', "Topic name is invalid: '.' is not allowed"],
    ['..', "Topic name is invalid: '..' is not allowed"],
    [
      long,
      `Topic name is invalid: the length of '${long}' is longer than the max allowed length 249`,
    ],
    ...['a b', 'a/b', 'grün', 'a\n', 'a\0'].map((name) => [
      name,
      `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`,
    ]),
  ])("are refused in Kafka's words %#", (name = '', message = '') => {
    expect(() => checkTopicName(name)).toThrow(expect.objectContaining({ code, message }));
  });

  it('collide where only dots and underlines differ', () => {
    expect(canCollide('a-b')).toBe(false);
    expect(canCollide('a.b')).toBe(true);
    expect(collidingTopics('a.b', ['a_b', 'a.b', 'a-b', 'a.b.c'])).toEqual(['a_b']);
    expect(() => checkTopicCollision('a_b', ['x', 'a.b'])).toThrow(
      expect.objectContaining({ code, message: "Topic 'a_b' collides with existing topics: a.b" }),
    );
    expect(() => checkTopicCollision('a_b', ['a_b'])).not.toThrow();
  });

  it('of Kafka itself are two', () => {
    expect(isInternalTopic('__consumer_offsets')).toBe(true);
    expect(isInternalTopic('__transaction_state')).toBe(true);
    expect(isInternalTopic('__other')).toBe(false);
  });
});
