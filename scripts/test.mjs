/**
 * `npm test [-- jest arguments]`: unit, property and integration tests. Brings what they need (dependencies,
 * ZooKeeper with a Java), builds, and ends with the sum as its last line.
 */

import process from 'node:process';

import { build } from './lib/build.mjs';
import { runJest } from './lib/jest.mjs';
import { bring } from './lib/needs.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';
import { tallyLine } from './lib/output.mjs';

const limitMs = 20 * 60_000;
const yes = process.argv.includes('--yes');
const args = process.argv.slice(2).filter((word) => word !== '--yes');

const missing = await bring(['compiler', 'zookeeper'], { yes });
if (missing.length > 0) process.exit(1);
await installDependencies({ yes });
await build();
const tally = await runJest({ args, limitMs });
if (tally.note !== '') console.log(tally.note);
console.log(tallyLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;
