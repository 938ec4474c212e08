/**
 * A folder on a disk that writes slowly: ext4 on a loop device over a file, both limits of which are set for
 * that device alone. Bytes per second by the block throttle of cgroups version 1, whose root takes rules for a
 * device; dirty memory by the device's own strict limit, so that writers meet the disk's pace after megabytes
 * and not after a share of all memory. Version 2 has no such rule for the root, where write-back runs.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const throttle = '/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device';
const sectorSize = 512;

/** @typedef {{path: string, writtenBytes: () => number, flush: () => void, remove: () => void}} SlowFolder */

/** @returns {string | null} null, or why there can be none on this machine */
export function slowFolderMissing() {
  if (process.getuid() !== 0) return 'root, to mount a throttled loop device';
  if (!existsSync('/dev/loop-control')) return 'loop devices';
  if (!existsSync(throttle)) return 'the block throttle of cgroups version 1';
  if (call('mkfs.ext4', ['-V']) === null) return 'mkfs.ext4';
  return null;
}

/**
 * @param {string} folder holds the file of the disk; no more than `sizeBytes` of it are used
 * @param {{bytesPerSecond: number, dirtyBytes: number, sizeBytes: number}} options
 * @returns {SlowFolder}
 */
export function makeSlowFolder(folder, { bytesPerSecond, dirtyBytes, sizeBytes }) {
  const image = join(folder, 'slow-disk');
  const path = join(folder, 'slow');
  mkdirSync(path, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, sizeBytes);
  // Nothing is left to be initialised in the background, at the throttled pace.
  must('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  must('mount', ['-o', 'loop', image, path]);
  const name = must('findmnt', ['-no', 'SOURCE', path]).trim().replace('/dev/', '');
  const device = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();
  let isMounted = true;
  const remove = () => {
    if (!isMounted) return;
    isMounted = false;
    writeFileSync(throttle, `${device} 0`);
    // The device goes with its mount.
    if (call('umount', [path]) === null) call('umount', ['--lazy', path]);
  };
  process.once('exit', remove);
  writeFileSync(throttle, `${device} ${bytesPerSecond}`);
  writeFileSync(`/sys/class/bdi/${device}/strict_limit`, '1');
  writeFileSync(`/sys/class/bdi/${device}/max_bytes`, String(dirtyBytes));
  const writtenBytes = () => sectorsWritten(name) * sectorSize;
  return { path, writtenBytes, flush: () => must('sync', ['-f', path]), remove };
}

function sectorsWritten(name) {
  return Number(readFileSync(`/sys/block/${name}/stat`, 'utf8').trim().split(/\s+/)[6]);
}

function must(command, args) {
  const output = call(command, args);
  if (output === null) throw new Error(`${command} ${args.join(' ')} failed`);
  return output;
}

function call(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 });
  return status === 0 ? stdout : null;
}
