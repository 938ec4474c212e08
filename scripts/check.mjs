/** `npm run check`: everything that can be said without running the product. All of it runs, one line each. */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { run } from './lib/command.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';
import { add, nothing, seconds, tallyLine } from './lib/output.mjs';
import { repository } from './lib/repository.mjs';

const bin = (...path) => join('node_modules', ...path);
const sources = ['broker', 'operator', 'test'].filter((folder) =>
  existsSync(join(repository, folder)),
);

const steps = [
  {
    what: 'types',
    command: [
      bin('typescript', 'bin', 'tsc'),
      '--noEmit',
      '--incremental',
      '--tsBuildInfoFile',
      '.cache/check.tsbuildinfo',
    ],
  },
  { what: 'lint', command: [bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0'] },
  { what: 'format', command: [bin('prettier', 'bin', 'prettier.cjs'), '--check', '.'] },
  {
    what: 'import rules',
    command: [
      bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      ...sources,
      '--output-type',
      'err-long',
    ],
  },
  { what: 'dead code', command: [bin('knip', 'bin', 'knip.js'), '--no-progress'] },
  { what: 'generated files', command: [join('scripts', 'generate.mjs'), '--check'] },
];

await installDependencies({ yes: process.argv.includes('--yes') });
const waiting = [...steps];
let sum = nothing;
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
console.log(tallyLine(sum));
process.exitCode = sum.failed > 0 ? 1 : 0;

async function work() {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const isPassed = await check(step);
    sum = add(sum, isPassed ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 });
  }
}

async function check({ what, command }) {
  const startedAt = Date.now();
  const { code, output } = await run(process.execPath, command, { limitMs: 10 * 60_000 });
  if (code !== 0) console.log(output.trimEnd());
  console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${what} (${seconds(startedAt)})`);
  return code === 0;
}
