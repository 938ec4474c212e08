/** What a path of ZooKeeper looks like: `/`, or names each with a slash before it. */

import { ZooKeeperError } from './port.ts';

/** Throws OTHER, with the reason as its cause. */
export function checkPath(path: string): void {
  if (path === '/') return;
  const [before, ...names] = path.split('/');
  const isWrong = (name: string): boolean =>
    name === '' || name === '.' || name === '..' || name.includes('\0');
  if (before === '' && names.length > 0 && !names.some(isWrong)) return;
  const cause = new Error(`'${path}' is not a path that begins with a slash and ends with a name`);
  throw new ZooKeeperError('OTHER', path, { cause });
}
