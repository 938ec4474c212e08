/**
 * A short fingerprint of plain data, equal for equal data whatever the order of its keys: FNV-1a in
 * 64 bits over canonical JSON. It only has to notice that somebody changed something.
 */

export function fingerprint(data: unknown): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(canonical(data), 'utf8')) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}

function canonical(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(canonical).join(',')}]`;
  if (typeof data !== 'object' || data === null)
    return data === undefined ? 'null' : JSON.stringify(data);
  const members = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`);
  return `{${members.join(',')}}`;
}
