/**
 * The format of server.properties, which is that of java.util.Properties: `key=value`, `key: value`
 * or `key value`, comments with # or !, a backslash at the end continues a line, escapes \t \n \r \f
 * \uXXXX and backslash before anything else. A key that is there twice has its last value.
 */

/** Never fails: every text is some set of properties. */
export function parseServerProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const separator = separatorPosition(line);
    const key = unescaped(line.slice(0, separator));
    const rest = line.slice(separator).replace(/^[ \t\f]*(?:[=:][ \t\f]*)?/, '');
    properties.set(key, unescaped(rest));
  }
  return properties;
}

/** Lines without comments and blanks, continuations joined. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let open: string | null = null;
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (open === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole: string = (open ?? '') + line;
    open = endsOpen(line) ? whole.slice(0, -1) : null;
    if (open === null) lines.push(whole);
  }
  if (open !== null && open !== '') lines.push(open);
  return lines;
}

/** An odd number of backslashes at the end. */
function endsOpen(line: string): boolean {
  const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
  return backslashes % 2 === 1;
}

/** Where the key ends: at the first =, : or blank that no backslash stands before. */
function separatorPosition(line: string): number {
  for (let position = 0; position < line.length; position += 1) {
    const character = line.charAt(position);
    if (character === '\\') position += 1;
    else if ('=: \t\f'.includes(character)) return position;
  }
  return line.length;
}

const controls: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_all, hex?: string, other?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return controls[other ?? ''] ?? other ?? '';
  });
}
