/** Runs jest and counts what it reports. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { run } from './command.mjs';
import { nothing } from './output.mjs';

/**
 * @param {object} options
 * @param {readonly string[]} options.args of jest
 * @param {Record<string, string>} [options.env]
 * @param {number} options.limitMs
 * @returns {Promise<import('./output.mjs').Tally & {note: string}>} a suite that could not run counts as one failed
 */
export async function runJest({ args, env = {}, limitMs }) {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-jest-'));
  const report = join(folder, 'report.json');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = [join('node_modules', 'jest', 'bin', 'jest.js'), '--json', `--outputFile=${report}`];
  const ended = await run(process.execPath, [...node, ...jest, ...args], {
    env,
    limitMs,
    isShown: true,
  });
  const tally = countOf(report);
  rmSync(folder, { recursive: true });
  if (ended.isOverdue)
    return failed(tally, `not done after ${Math.round(limitMs / 60_000)} minutes`);
  if (tally === null || (ended.code !== 0 && tally.failed === 0))
    return failed(tally, `jest ended with code ${ended.code}`);
  return { ...tally, note: '' };
}

function failed(tally, note) {
  const { passed, failed, skipped } = tally ?? nothing;
  return { passed, failed: failed + 1, skipped, note };
}

/** @returns {import('./output.mjs').Tally | null} null: there is no report */
function countOf(report) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return null;
  }
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}
