import { describe, expect, it } from '@jest/globals';
import type { Payload } from '../../../broker/model/payload.ts';
import { payloadSize } from '../../../broker/model/payload.ts';
import { apiByKey } from '../../../broker/protocol/api-table.ts';
import {
  decodeRequest,
  readRequestHeader,
  readResponse,
  writeRequest,
  writeResponse,
} from '../../../broker/protocol/frame.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { controlledShutdown } from '../../../broker/protocol/messages/controlled-shutdown.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { heartbeat } from '../../../broker/protocol/messages/heartbeat.ts';
import { ProtocolError } from '../../../broker/protocol/protocol-error.ts';
import { Reader } from '../../../broker/protocol/wire/reader.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { fakeSpan } from './fake-span.ts';

const body = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };

function bytesOf(payload: Payload): Buffer {
  return Buffer.concat(payload.filter((part) => Buffer.isBuffer(part)));
}

describe('request frames', () => {
  it('start with size, key, version, correlation id and client id', () => {
    const frame = writeRequest(heartbeat, 0, { correlationId: 7, clientId: 'c' }, body);
    expect(frame.toString('hex')).toBe(
      '00000015' + '000c' + '0000' + '00000007' + '000163' + '000167' + '00000001' + '00016d',
    );
  });

  it('have tagged fields after the client id in flexible versions only', () => {
    const frame = writeRequest(heartbeat, 4, { correlationId: 7, clientId: null }, body);
    expect(frame.subarray(12, 15).toString('hex')).toBe('ffff00');
    const reader = new Reader(frame, 4);
    expect(readRequestHeader(reader)).toEqual({
      apiKey: 12,
      apiVersion: 4,
      correlationId: 7,
      clientId: null,
    });
    expect(decodeRequest(heartbeat, 4, reader)).toEqual(body);
  });

  it('may carry tagged header fields that nobody knows', () => {
    const hex = '000c' + '0004' + '00000007' + '000163' + '01' + '00' + '02' + 'abcd' + '02';
    const reader = new Reader(Buffer.from(hex, 'hex'));
    expect(readRequestHeader(reader).clientId).toBe('c');
    expect(reader.remaining).toBe(1);
  });

  it('have no client id in version 0 of ControlledShutdown', () => {
    const request = { brokerId: 2, brokerEpoch: -1n };
    const header = { correlationId: 1, clientId: 'ignored' };
    const frame = writeRequest(controlledShutdown, 0, header, request);
    expect(frame.toString('hex')).toBe('0000000c' + '0007' + '0000' + '00000001' + '00000002');
    const reader = new Reader(frame, 4);
    expect(readRequestHeader(reader).clientId).toBeNull();
    expect(decodeRequest(controlledShutdown, 0, reader)).toEqual(request);
  });

  it('of unknown APIs and versions still show who asked for what', () => {
    const tooNew = Buffer.from('0012' + '0063' + '00000005' + '000163' + '00', 'hex');
    expect(readRequestHeader(new Reader(tooNew))).toMatchObject({
      apiKey: 18,
      apiVersion: 99,
      correlationId: 5,
      clientId: 'c',
    });
    const reader = new Reader(Buffer.alloc(0));
    expect(() => decodeRequest(apiVersions, 99, reader)).toThrow(ProtocolError);
  });

  it('may be longer than their body', () => {
    const frame = writeRequest(heartbeat, 0, { correlationId: 7, clientId: 'c' }, body);
    const reader = new Reader(Buffer.concat([frame, Buffer.alloc(3)]), 4);
    readRequestHeader(reader);
    expect(decodeRequest(heartbeat, 0, reader)).toEqual(body);
  });
});

describe('response frames', () => {
  it('have tagged header fields in flexible versions', () => {
    const answer = { throttleTimeMs: 0, errorCode: 27 };
    expect(bytesOf(writeResponse(heartbeat, 4, 7, answer)).toString('hex')).toBe(
      '0000000c' + '00000007' + '00' + '00000000' + '001b' + '00',
    );
    const frame = Buffer.from('00000007' + '01' + '05' + '01' + 'ff' + '00000000001b00', 'hex');
    expect(readResponse(heartbeat, 4, frame)).toEqual({ correlationId: 7, body: answer });
  });

  it('of ApiVersions never do', () => {
    const answer = { ...apiVersions.response.initial, errorCode: 35 };
    expect(bytesOf(writeResponse(apiVersions, 3, 7, answer)).toString('hex')).toBe(
      '0000000c' + '00000007' + '0023' + '01' + '00000000' + '00',
    );
    expect(bytesOf(writeResponse(apiVersions, 0, 7, answer)).toString('hex')).toBe(
      '0000000a' + '00000007' + '0023' + '00000000',
    );
  });

  it('hold file spans where the records are, and count them in their size', () => {
    const span = fakeSpan(1000);
    const payload = writeResponse(fetch, 17, 7, {
      ...fetch.response.initial,
      responses: [
        {
          topic: '',
          topicId: ZERO_UUID,
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              highWatermark: 10n,
              lastStableOffset: 10n,
              logStartOffset: 0n,
              divergingEpoch: { epoch: -1, endOffset: -1n },
              currentLeader: { leaderId: -1, leaderEpoch: -1 },
              snapshotId: { endOffset: -1n, epoch: -1 },
              abortedTransactions: null,
              preferredReadReplica: -1,
              records: [span],
            },
          ],
        },
      ],
    });
    expect(payload).toHaveLength(3);
    expect(payload[1]).toBe(span);
    expect(bytesOf(payload).readInt32BE(0)).toBe(payloadSize(payload) - 4);
  });

  it('are refused in versions that do not exist', () => {
    const answer = { throttleTimeMs: 0, errorCode: 0 };
    expect(() => writeResponse(heartbeat, 5, 7, answer)).toThrow(RangeError);
    expect(() => readResponse(heartbeat, 5, Buffer.alloc(20))).toThrow(ProtocolError);
  });
});

describe('the table of APIs', () => {
  it('has each API once, by ascending key', () => {
    const keys = [...apiByKey.keys()];
    expect(keys).toEqual([...keys].sort((a, b) => a - b));
    expect([...apiByKey.values()].map(({ key }) => key)).toEqual(keys);
    expect(new Set([...apiByKey.values()].map(({ name }) => name)).size).toBe(keys.length);
  });
});
