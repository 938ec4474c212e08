/**
 * Compiles broker/ and operator/ to dist/, unless no source has changed since the last time. dist/broker/main.js is
 * a program: its first line has the flags that Node needs.
 */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { run } from './command.mjs';
import { fail, seconds } from './output.mjs';
import { repository } from './repository.mjs';

const dist = join(repository, 'dist');
const stampFile = join(dist, '.build-stamp');
const sources = ['broker', 'operator'];

/** One line; ends the process with the compiler's errors if there are any. */
export async function build() {
  const stamp = stampOfSources();
  const isCurrent = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!isCurrent) await compile(stamp);
  chmodSync(join(dist, 'broker', 'main.js'), 0o755);
}

async function compile(stamp) {
  const startedAt = Date.now();
  removeOrphans();
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  const incremental = ['--incremental', '--tsBuildInfoFile', join('dist', '.tsbuildinfo')];
  const { code, output } = await run(process.execPath, [
    compiler,
    '-p',
    'tsconfig.build.json',
    ...incremental,
  ]);
  if (code !== 0) fail(`${output}\nThe build failed.`);
  writeFileSync(stampFile, stamp);
  console.log(`built dist/ in ${seconds(startedAt)}`);
}

/** Name, size and time of every file that the compiler reads. */
function stampOfSources() {
  const hash = createHash('sha256');
  const files = sources.flatMap((folder) => filesBelow(folder, '.ts'));
  for (const file of [...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']) {
    const { size, mtimeMs } = statSync(join(repository, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** What was compiled from a source that has gone; with it the compiler's notes, which would call it current. */
function removeOrphans() {
  for (const folder of sources)
    for (const file of filesBelow(join('dist', folder), '.js')) {
      const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      if (existsSync(join(repository, source))) continue;
      rmSync(join(repository, file));
      rmSync(join(repository, `${file}.map`), { force: true });
    }
  const isEmptied = sources.some((folder) => !existsSync(join(dist, folder)));
  if (isEmptied) rmSync(join(dist, '.tsbuildinfo'), { force: true });
}

function filesBelow(folder, ending) {
  const top = join(repository, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}
