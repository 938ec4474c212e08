/**
 * /controller, ephemeral: who is the controller; /controller_epoch, persistent: how many there have
 * been, as plain text. Version 2 of /controller is what Kafka 3.4 and later write; the epoch in it
 * belongs to the migration to KRaft and is -1 outside of one.
 */

import { ZnodeFormatError, encodeZnode, parseZnode } from './json.ts';

export interface ControllerNode {
  readonly brokerId: number;
  readonly timestampMs: number;
}

export function encodeController(controller: ControllerNode): Buffer {
  return encodeZnode({
    version: 2,
    brokerid: controller.brokerId,
    timestamp: String(controller.timestampMs),
    kraftControllerEpoch: -1,
  });
}

export function decodeController(data: Buffer | null, path: string): ControllerNode {
  const root = parseZnode(data, path);
  return {
    brokerId: root.integer('brokerid'),
    timestampMs: root.integerText('timestamp', -1),
  };
}

export function encodeControllerEpoch(epoch: number): Buffer {
  return Buffer.from(String(epoch), 'ascii');
}

export function decodeControllerEpoch(data: Buffer | null, path: string): number {
  const text = data?.toString('utf8') ?? '';
  if (!/^\d{1,10}$/.test(text)) throw new ZnodeFormatError(path, `'${text}' is not an epoch`);
  return Number(text);
}
