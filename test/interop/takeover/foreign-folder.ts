/* eslint-disable jest/no-export -- a part of the scenario that takeover.test.ts puts together */
/** A broker that is started on the folder of another, or against the wrong ZooKeeper, touches nothing. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Place } from './place.ts';
import type { Source } from './source.ts';

export interface ForeignFolder {
  readonly by: 'odradek' | '3.9.1';
  readonly source: () => Source;
}

interface Refusal {
  readonly brokerId: RegExp;
  readonly clusterId: RegExp;
}

const refusals: Readonly<Record<ForeignFolder['by'], Refusal>> = {
  odradek: {
    brokerId:
      /disk-a holds the data of broker 1 \(meta\.properties\), but broker\.id is 77\. Set broker\.id=1, or/,
    clusterId:
      /disk-a holds the data of cluster \S+ \(meta\.properties\), but zookeeper\.connect leads to cluster \S+\. Either/,
  },
  '3.9.1': {
    brokerId: /Stored node id 1 doesn't match previous node id 77/,
    clusterId: /Invalid cluster\.id in: \S+meta\.properties/,
  },
};

export function describeForeignFolder({ by, source }: ForeignFolder): void {
  describe(`for ${by} with what is not its own`, () => {
    it.each([
      ['broker.id', { brokerId: 77 }, refusals[by].brokerId],
      ['ZooKeeper', 'elsewhere', refusals[by].clusterId],
    ] as const)('stays as it is, and the message says why: %s', async (_, change, message) => {
      const { place } = source();
      const { zookeeperConnect } = place.options;
      const before = await filesOf(place);
      const wrong = place.as(
        change === 'elsewhere'
          ? { zookeeperConnect: `${zookeeperConnect}-elsewhere-${by}` }
          : change,
      );
      await expect(wrong.start(by)).rejects.toThrow(message);
      expect(await filesOf(place)).toEqual(before);
    });
  });
}

/** Path and content of each, but the lock. */
async function filesOf({ logDirs }: Place): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const logDir of logDirs) {
    const entries = await readdir(logDir, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || entry.name === '.lock') continue;
      const path = join(entry.parentPath, entry.name);
      const hash = createHash('sha256').update(await readFile(path));
      files.set(path, hash.digest('hex'));
    }
  }
  return files;
}
