/** The folder of the quickstart's cluster: resources, segment files, logs, and whose process writes to which. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';

import { tail } from './command.mjs';
import { repository } from './repository.mjs';

/** Kafka looks for what to delete every five minutes and keeps it for one more: too long to watch. */
const quickDeletion = {
  'log.retention.check.interval.ms': 5000,
  'log.segment.delete.delay.ms': 5000,
};

export class DemoFiles {
  /** The resources: a file saved here is applied. */
  resources;
  logs;
  #data;

  /** @param {string} data an absolute path */
  constructor(data) {
    this.#data = data;
    this.resources = join(data, 'resources');
    this.logs = join(data, 'logs');
  }

  /** A file that is there already stays: it may have been edited. @param {{isEmbedded: boolean}} options */
  writeResources({ isEmbedded }) {
    this.#copy('topics.yaml');
    const file = this.#copy('cluster.yaml');
    if (file === null) return;
    const document = parseDocument(readFileSync(file, 'utf8'));
    for (const [key, value] of Object.entries(quickDeletion))
      document.setIn(['spec', 'config', key], value);
    if (isEmbedded) {
      document.setIn(['spec', 'broker', 'replicas'], 1);
      document.setIn(['spec', 'zookeeper'], { external: { connect: 'local:' } });
    }
    writeFileSync(file, document.toString());
  }

  /** The first topic's. @param {string} time such as `1s` */
  setRetentionTime(time) {
    const file = join(this.resources, 'topics.yaml');
    const text = readFileSync(file, 'utf8');
    const line = /^(\s+time: ).*$/m;
    if (!line.test(text)) throw new Error(`${file} has no retention.time`);
    writeFileSync(
      file,
      text.replace(line, (_, key) => key + time),
    );
  }

  /** @param {string} topic @returns {string[]} */
  segmentFiles(topic) {
    return readdirSync(this.#data, { recursive: true })
      .filter((name) => new RegExp(`/${topic}-\\d+/\\d+\\.log$`).test(name))
      .map((name) => join(this.#data, name))
      .sort();
  }

  /** @param {string} topic @returns {string[]} */
  partitionFolders(topic) {
    return [...new Set(this.segmentFiles(topic).map((file) => dirname(file)))];
  }

  /** @returns {{pod: string, pid: number}[]} a pod's process is known by the log that it writes to */
  processes() {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), output: linkOf(`/proc/${name}/fd/1`) }))
      .filter(({ output }) => output.startsWith(this.logs))
      .map(({ pid, output }) => ({ pid, pod: output.split('/').at(-2) }))
      .sort((one, other) => (one.pod < other.pod ? -1 : 1));
  }

  /** The ends of the logs of these pods, or of all if there are none. @param {readonly string[]} pods */
  logTails(pods) {
    if (!existsSync(this.logs)) return '';
    const all = readdirSync(this.logs, { recursive: true }).filter((name) => name.endsWith('.log'));
    const wanted = all.filter((name) => pods.some((pod) => name.includes(`/${pod}/`)));
    return (wanted.length > 0 ? wanted : all)
      .map((name) => {
        const end = tail(readFileSync(join(this.logs, name), 'utf8'), 15);
        return `--- the end of ${join(this.logs, name)}\n${end.replaceAll(/^(.{240}).+$/gm, '$1 ...')}`;
      })
      .join('\n');
  }

  #copy(name) {
    mkdirSync(this.resources, { recursive: true });
    const file = join(this.resources, name);
    if (existsSync(file)) return null;
    copyFileSync(join(repository, 'operator', 'examples', name), file);
    return file;
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
