import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { groupPartition } from '../../../../broker/coordinator/group/group-partition.ts';
import type { GroupMetadataValue } from '../../../../broker/coordinator/group/group-metadata-record.ts';
import {
  decodeGroupRecord,
  encodeGroupRecord,
} from '../../../../broker/coordinator/group/group-record.ts';
import { ProtocolError } from '../../../../broker/protocol/protocol-error.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('records of __consumer_offsets', () => {
  const offset = {
    kind: 'offset',
    groupId: 'g1',
    topic: 'tp',
    partition: 3,
    value: {
      offset: 258n,
      leaderEpoch: 7,
      metadata: 'm',
      commitTimestamp: 1n,
      expireTimestamp: -1n,
    },
  } as const;

  it('write an offset as key 1 and value 3', () => {
    const { key, value } = encodeGroupRecord(offset);
    expect(key).toEqual(hex('0001 0002 6731 0002 7470 00000003'));
    expect(value).toEqual(hex('0003 0000000000000102 00000007 0001 6d 0000000000000001'));
    expect(decodeGroupRecord(key, value)).toEqual(offset);
  });

  it('write an offset with an expiry time as value 1, which has no leader epoch', () => {
    const expiring = { ...offset, value: { ...offset.value, expireTimestamp: 2n } };
    const { key, value } = encodeGroupRecord(expiring);
    expect(value).toEqual(hex('0001 0000000000000102 0001 6d 0000000000000001 0000000000000002'));
    expect(decodeGroupRecord(key, value)).toEqual({
      ...expiring,
      value: { ...expiring.value, leaderEpoch: -1 },
    });
  });

  it('read keys and values of older versions, and the flexible one of newer brokers', () => {
    const key = hex('0000 0002 6731 0002 7470 00000003');
    const v0 = decodeGroupRecord(key, hex('0000 0000000000000102 0001 6d 0000000000000001'));
    expect(v0).toEqual({ ...offset, value: { ...offset.value, leaderEpoch: -1 } });
    const v4 = hex('0004 0000000000000102 00000007 02 6d 0000000000000001 00');
    expect(decodeGroupRecord(key, v4)).toEqual(offset);
  });

  const metadata: GroupMetadataValue = {
    protocolType: 'consumer',
    generation: 5,
    protocol: 'range',
    leader: 'm1',
    currentStateTimestamp: 9n,
    members: [
      {
        memberId: 'm1',
        groupInstanceId: 'i',
        clientId: 'c',
        clientHost: '/h',
        rebalanceTimeoutMs: 2,
        sessionTimeoutMs: 1,
        subscription: Buffer.from([1]),
        assignment: Buffer.from([2, 3]),
      },
    ],
  };

  it('write a group as key 2 and value 3', () => {
    const record = { kind: 'metadata', groupId: 'g1', value: metadata } as const;
    const { key, value } = encodeGroupRecord(record);
    expect(key).toEqual(hex('0002 0002 6731'));
    expect(value).toEqual(
      hex(`0003 0008 636f6e73756d6572 00000005 0005 72616e6765 0002 6d31 0000000000000009
        00000001 0002 6d31 0001 69 0001 63 0002 2f68 00000002 00000001 00000001 01 00000002 0203`),
    );
    expect(decodeGroupRecord(key, value)).toEqual(record);
  });

  it('write an empty group with neither protocol nor leader', () => {
    const value = { ...metadata, protocol: null, leader: null, members: [] };
    const encoded = encodeGroupRecord({ kind: 'metadata', groupId: 'g1', value });
    expect(encoded.value).toEqual(
      hex('0003 0008 636f6e73756d6572 00000005 ffff ffff 0000000000000009 00000000'),
    );
  });

  it('read tombstones', () => {
    const { key } = encodeGroupRecord({ kind: 'metadata', groupId: 'g1', value: null });
    expect(decodeGroupRecord(key, null)).toEqual({ kind: 'metadata', groupId: 'g1', value: null });
  });

  it('leave records of other protocols alone and refuse damaged ones', () => {
    expect(decodeGroupRecord(hex('0003 0002 6731'), hex('0000'))).toBeNull();
    expect(() => decodeGroupRecord(null, null)).toThrow(ProtocolError);
    expect(() => decodeGroupRecord(hex('0001 0002'), null)).toThrow(ProtocolError);
    expect(() => decodeGroupRecord(hex('0002 0002 6731'), hex('0009'))).toThrow(ProtocolError);
  });
});

describe('decoding any bytes as a record', () => {
  it('throws nothing but ProtocolError', () => {
    const versioned = fc
      .tuple(fc.integer({ min: -1, max: 5 }), fc.uint8Array({ maxLength: 60 }))
      .map(([version, rest]) => Buffer.concat([Buffer.from([version >> 8, version]), rest]));
    const { key: groupKey } = encodeGroupRecord({ kind: 'metadata', groupId: 'g', value: null });
    fc.assert(fc.property(versioned, fc.option(versioned), isReadOrRefused));
    fc.assert(fc.property(fc.constant(groupKey), versioned, isReadOrRefused));
    expect(isReadOrRefused(groupKey, Buffer.alloc(0))).toBe(true);
  });
});

function isReadOrRefused(key: Buffer, value: Buffer | null): boolean {
  try {
    decodeGroupRecord(key, value);
    return true;
  } catch (error) {
    return error instanceof ProtocolError;
  }
}

describe('the partition of a group', () => {
  it('is the absolute value of Java hash code modulo the count', () => {
    // "hello".hashCode() is 99162322, "polygenelubricants" has the smallest int, which counts as 0.
    expect(groupPartition('hello', 50)).toBe(99162322 % 50);
    expect(groupPartition('polygenelubricants', 50)).toBe(0);
    // Negative hashes and surrogate pairs, against 64-bit arithmetic.
    expect(groupPartition('ABCDEFGHIJ', 50)).toBe(javaAbsoluteHash('ABCDEFGHIJ') % 50);
    expect(groupPartition('grüße-\u{1f600}', 50)).toBe(javaAbsoluteHash('grüße-\u{1f600}') % 50);
  });
});

function javaAbsoluteHash(text: string): number {
  let hash = 0n;
  for (let index = 0; index < text.length; index += 1) {
    hash = BigInt.asIntN(32, hash * 31n + BigInt(text.charCodeAt(index)));
  }
  return Math.abs(Number(hash));
}
