import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseServerProperties } from '../../../broker/config/properties-file.ts';

function parsed(text: string): Record<string, string> {
  return Object.fromEntries(parseServerProperties(text));
}

describe('parseServerProperties', () => {
  it('takes =, : and blanks as separators', () => {
    expect(parsed('a=1\nb: 2\nc 3\nd  =  4\ne')).toEqual({ a: '1', b: '2', c: '3', d: '4', e: '' });
  });

  it('leaves comments and empty lines out', () => {
    expect(parsed('# one\n  ! two\n\n a=1 # not a comment\r\n')).toEqual({
      a: '1 # not a comment',
    });
  });

  it('joins continued lines without the blanks in front', () => {
    expect(parsed('listeners=A://:1,\\\n   B://:2\n x=1\\\\\ny=2')).toEqual({
      listeners: 'A://:1,B://:2',
      x: '1\\',
      y: '2',
    });
  });

  it('undoes escapes in keys and values', () => {
    expect(parsed('a\\=b\\:c\\ d=\\u00e4\\t\\q\\\\')).toEqual({ 'a=b:c d': 'ä\tq\\' });
  });

  it('keeps further separators in the value', () => {
    expect(parsed('listeners=PLAINTEXT://h:9092')).toEqual({ listeners: 'PLAINTEXT://h:9092' });
  });

  it('gives a key that is there twice its last value', () => {
    expect(parsed('a=1\na=2')).toEqual({ a: '2' });
  });

  it('reads back what is escaped as Java escapes it', () => {
    const escape = (text: string): string =>
      text.replace(
        /[^A-Za-z0-9]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (dictionary) => {
        const text = Object.entries(dictionary)
          .map(([key, value]) => `${escape(key)}=${escape(value)}`)
          .join('\n');
        expect(parseServerProperties(text)).toEqual(new Map(Object.entries(dictionary)));
      }),
    );
  });
});
