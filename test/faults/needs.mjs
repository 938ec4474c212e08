/** What the scenarios of this folder need beside what scripts/lib/needs.mjs knows. */

import { spawnSync } from 'node:child_process';
import { platform } from 'node:os';
import process from 'node:process';

import { installPackages } from '../../scripts/lib/debian-packages.mjs';
import { fetchPart } from '../interop/maven/fetch.mjs';
import { makeRunFolder, note, putAway, putAwayOlderRuns } from './support/run-folder.mjs';

let folder = null;

export default {
  /** Of every scenario. The clients are Java's and librdkafka (kafkajs is there); kcat reads back. */
  faults: {
    what: 'three hosts with a broker, three with a ZooKeeper, and clients',
    needs: ['zookeeper', 'java-producer', 'librdkafka', 'kcat', 'hosts'],
  },
  'java-producer': {
    what: 'the Java client of Apache Kafka 3.9.1 from Maven Central',
    needs: ['java', 'maven'],
    prepare: async () => fetchPart('kafka-3.9.1'),
  },
  /** Where each host is a network namespace if it may be, else an address of loopback. */
  hosts: {
    what: 'Linux, for hosts of its own',
    prepare: async (options) => {
      if (platform() !== 'linux') return `this is ${platform()}`;
      putAwayOlderRuns();
      await bringTools(options);
      folder = makeRunFolder();
      process.env.ODRADEK_FAULTS_FOLDER = folder;
      const missing = await whyNoNamespaces();
      process.env.ODRADEK_FAULTS_HOSTS = missing === null ? 'namespaces' : 'loopback';
      console.log(
        missing === null
          ? 'Hosts are network namespaces.'
          : `Hosts are addresses of loopback (${missing}): no faults of the network.`,
      );
      return null;
    },
    release: async () => {
      if (folder !== null) putAway(folder);
      folder = null;
    },
  },
  /** Behind `hosts`. */
  partitions: {
    what: 'network namespaces (root, iproute2, iptables)',
    needs: ['hosts'],
    prepare: async () =>
      process.env.ODRADEK_FAULTS_HOSTS === 'namespaces' ? null : whyNoNamespaces(),
  },
  'small-disks': {
    what: 'leave to mount a tmpfs (root)',
    prepare: async () => {
      const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
      return status === 0 ? null : 'mount was refused';
    },
  },
};

/** Only root may make namespaces, so nobody else is asked to install anything. */
async function bringTools(options) {
  if (process.getuid?.() !== 0) return;
  const tools = Object.entries({ ip: 'iproute2', iptables: 'iptables' });
  const missing = tools.filter(([command]) => spawnSync(command, ['-V']).error !== undefined);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  await installPackages(packages, {
    what: `${packages.join(' and ')}, to cut networks`,
    ...options,
  });
}

/** Tried, not guessed: two commands are there, a namespace can be made, and in it a rule that drops. */
async function whyNoNamespaces() {
  const name = `odrf${process.pid}`;
  note(folder, 'namespaces', name);
  const inside = ['netns', 'exec', name, 'iptables', '-w'];
  const rule = ['INPUT', '-s', '198.18.0.1', '-j', 'DROP'];
  const steps = [
    ['netns', 'add', name],
    [...inside, '-A', ...rule],
    [...inside, '-F', 'INPUT'],
    ['netns', 'delete', name],
  ];
  for (const step of steps) {
    const { status, error, stderr } = spawnSync('ip', step, { encoding: 'utf8' });
    if (status === 0) continue;
    return `ip ${step.join(' ')}: ${error?.message ?? stderr.trim()}`;
  }
  return null;
}
