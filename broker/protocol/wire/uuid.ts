/** UUIDs are 16 bytes on the wire and, inside and in ZooKeeper, the 22 characters of their base64url. */

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

export function uuidToText(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** RangeError for text that is no UUID. */
export function uuidToBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 16) throw new RangeError(`'${text}' is no UUID`);
  return bytes;
}
