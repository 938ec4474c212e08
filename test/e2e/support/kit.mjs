/**
 * A kit that brings up a cluster on this machine: a folder with cluster.sh and images.sh (what each has to do is in
 * ../README.md). What it says of its cluster goes into this process's environment, and so to the tests.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

import { run, tail } from '../../../scripts/lib/command.mjs';
import { seconds } from '../../../scripts/lib/output.mjs';
import { repository } from '../../../scripts/lib/repository.mjs';

const limitMs = 15 * 60_000;
const exported = ['KUBECONFIG', 'KUBE_BIN', 'PATH'];

const images = [
  {
    variable: 'ODRADEK_BROKER_IMAGE',
    tag: 'localhost/odradek-broker:e2e',
    context: '.',
    options: ['--file', 'broker/Dockerfile', '--build-arg', 'NODE_IMAGE=localhost/node:24'],
  },
  {
    variable: 'ODRADEK_ZOOKEEPER_IMAGE',
    tag: 'localhost/odradek-zookeeper:e2e',
    context: 'test/e2e/zookeeper',
    options: ['--build-arg', 'BASE=localhost/bookworm:minbase'],
  },
];

/** Its folder: of the environment, else the one that may lie beside the checkout; null if there is none. */
export function findKit() {
  const given = process.env.ODRADEK_KUBERNETES_KIT ?? '';
  const folder = given === '' ? join(repository, '..', 'shared', 'kubernetes') : resolve(given);
  const isKit = ['cluster.sh', 'images.sh'].every((script) => existsSync(join(folder, script)));
  return isKit ? folder : null;
}

/**
 * @param {string} kit
 * @returns {Promise<{failure: string | null, isOurs: boolean}>} isOurs: something has to be brought down again
 */
export async function bringUp(kit) {
  const script = join(kit, 'cluster.sh');
  const isUp = (await run(script, ['status'], { limitMs: 60_000 })).code === 0;
  if (isUp)
    return { failure: `a cluster of ${kit} is up already: bring it down first`, isOurs: false };
  const startedAt = Date.now();
  const lines = exported.map((name) => `printf '%s=%s\\n' ${name} "$${name}"`).join('; ');
  const shell = `exports=$("$0" up) && eval "$exports" && { echo; ${lines}; }`;
  const { code, output } = await run('bash', ['-c', shell, script], { limitMs });
  if (code !== 0) return { failure: `${script} up failed:\n${tail(output)}`, isOurs: true };
  for (const name of exported) {
    const [, value] = new RegExp(`^${name}=(.+)$`, 'm').exec(output) ?? [];
    if (value !== undefined) process.env[name] = value;
  }
  console.log(`  cluster up in ${seconds(startedAt)}`);
  return { failure: null, isOurs: true };
}

/** @param {string} kit */
export async function bringDown(kit) {
  const { code, output } = await run(join(kit, 'cluster.sh'), ['down'], { limitMs });
  if (code === 0) console.log('cluster down');
  else console.error(`cluster.sh down failed:\n${tail(output)}`);
}

/**
 * Builds the images and loads them into the cluster.
 *
 * @param {string} kit
 * @returns {Promise<string | null>} null, or what failed
 */
export async function giveImages(kit) {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-images-'));
  try {
    const files = [];
    for (const image of images) {
      const file = join(folder, `${files.length}.tar`);
      const failure = await build(kit, image, file);
      if (failure !== null) return failure;
      files.push(file);
      process.env[image.variable] = image.tag;
    }
    const startedAt = Date.now();
    const { code, output } = await run(join(kit, 'cluster.sh'), ['load', ...files], { limitMs });
    console.log(`  loaded the images in ${seconds(startedAt)}`);
    return code === 0 ? null : `cluster.sh load failed:\n${tail(output)}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function build(kit, { tag, context, options }, file) {
  const startedAt = Date.now();
  const steps = [
    ['build', context, tag, '--layers', ...options],
    ['save', tag, file],
  ];
  for (const step of steps) {
    const { code, output } = await run(join(kit, 'images.sh'), step, { limitMs });
    if (code !== 0) return `images.sh ${step.join(' ')} failed:\n${tail(output)}`;
  }
  console.log(`  built ${tag} in ${seconds(startedAt)}`);
  return null;
}
