/**
 * `npm run quickstart [-- --once] [--embedded] [--data FOLDER] [--yes]`: a Kafka cluster from a KafkaCluster and
 * two KafkaTopics, on this machine, and ten thousand records through it.
 *
 * --once      checks all of it, stops everything and exits 0 or 1
 * --embedded  one broker on its embedded store: needs neither Java nor a compiler
 * --data      where resources, logs and records are kept; a second start finds them again
 * --yes       installs what is missing without asking
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { build } from './lib/build.mjs';
import { bring } from './lib/needs.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';
import { fail, tallyLine } from './lib/output.mjs';
import { repository } from './lib/repository.mjs';
import { findZooKeeper } from './lib/zookeeper.mjs';

const options = parse();
if (process.platform !== 'linux') fail('Local mode runs on Linux only.');
await prepare();
const { Demo } = await import('./lib/demo.mjs');
await runDemo();

function parse() {
  const boolean = { type: 'boolean', default: false };
  try {
    const config = { once: boolean, embedded: boolean, yes: boolean, data: { type: 'string' } };
    return parseArgs({ options: config }).values;
  } catch (error) {
    return fail(
      `${error.message}\nnpm run quickstart [-- --once] [--embedded] [--data FOLDER] [--yes]`,
    );
  }
}

async function prepare() {
  const { yes, embedded } = options;
  const missing = embedded ? [] : await bring(['compiler', 'zookeeper'], { yes });
  if (missing.length > 0) fail('Or see one broker without it: npm run quickstart -- --embedded');
  await installDependencies({ yes, isNative: !embedded });
  await build();
}

async function runDemo() {
  const isScratch = options.once && options.data === undefined;
  const data = isScratch
    ? mkdtempSync(join(tmpdir(), 'odradek-quickstart-'))
    : resolve(options.data ?? join(repository, '.cache', 'quickstart'));
  const zookeeper = options.embedded ? null : findZooKeeper();
  const demo = new Demo({ data, zookeeperCommand: zookeeper?.command ?? null });
  const interrupted = new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => done(true));
  });
  const isInterrupted = await Promise.race([demo.show({ isScratch }), interrupted]);
  const isShown = demo.tally.failed === 0;
  if (isShown && isInterrupted !== true && !options.once) {
    demo.explain();
    await interrupted;
  }
  await demo.stop();
  if (isInterrupted === true) process.exit(130);
  if (isScratch && demo.tally.failed === 0) rmSync(data, { recursive: true });
  if (options.once) console.log(tallyLine(demo.tally));
  process.exit(demo.tally.failed === 0 ? 0 : 1);
}
