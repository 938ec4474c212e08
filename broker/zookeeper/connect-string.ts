/** `zookeeper.connect`: `host:port,host:port/chroot`. */

export interface ConnectString {
  /** Comma-separated, without the chroot. */
  readonly servers: string;
  /** Empty, or a path that begins with a slash and does not end with one. */
  readonly chroot: string;
}

/** Throws an Error that says what is wrong with the text. */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const list = slash === -1 ? text : text.slice(0, slash);
  const chroot = slash === -1 ? '' : text.slice(slash).replace(/\/+$/, '');
  const servers = list
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  if (servers.length === 0) throw wrong(text, 'no server is named');
  return {
    servers: servers.map((server) => withPort(server, text)).join(','),
    chroot: checked(chroot, text),
  };
}

/** The default port is ZooKeeper's. */
function withPort(server: string, text: string): string {
  const match = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d+))?$/.exec(server);
  const port = Number(match?.[2] ?? '2181');
  if (match === null || port < 1 || port > 65535) throw wrong(text, `'${server}' is not host:port`);
  return `${match[1] ?? ''}:${String(port)}`;
}

function checked(chroot: string, text: string): string {
  const names = chroot.split('/').slice(1);
  if (names.some((name) => name === '' || name === '.' || name === '..')) {
    throw wrong(text, `'${chroot}' is not a path`);
  }
  return chroot;
}

function wrong(text: string, reason: string): Error {
  return new Error(
    `zookeeper.connect '${text}': ${reason}; expected host:port,host:port/chroot, the chroot being optional`,
  );
}
