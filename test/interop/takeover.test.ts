/**
 * A data folder and its ZooKeeper go from Apache Kafka to this broker and the other way, after a clean
 * stop, after kill -9, with a torn last batch, and there and back again.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, jest } from '@jest/globals';
import type { ZooKeeperServer } from '../support/zookeeper-server.ts';
import { startZooKeeper } from '../support/zookeeper-server.ts';
import { devFolder } from './takeover/dev-folder.ts';
import { describeForeignFolder } from './takeover/foreign-folder.ts';
import { describeLock } from './takeover/lock.ts';
import type { Program } from './takeover/place.ts';
import type { Sources } from './takeover/source.ts';
import { copySource, makeSources } from './takeover/source.ts';
import { describeTakeover } from './takeover/takeover.ts';

jest.setTimeout(120_000);

let root = '';
let zookeeper: ZooKeeperServer | null = null;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-takeover-'));
  zookeeper = await startZooKeeper();
});

afterAll(async () => {
  await zookeeper?.stop();
  await rm(root, { recursive: true, force: true });
});

function surroundings(): { readonly root: string; readonly zookeeper: string } {
  assert(zookeeper !== null);
  return { root, zookeeper: zookeeper.connect };
}

/** Made before the tests of this block. */
function sourcesOf(program: Program): () => Sources {
  let sources: Sources | null = null;
  beforeAll(async () => {
    sources = await makeSources(program, surroundings());
  });
  return () => {
    assert(sources !== null);
    return sources;
  };
}

const apacheVersions = ['2.8.1', '3.9.1'] as const;

describe.each(apacheVersions)('a folder of Apache Kafka %s', (apache) => {
  const sources = sourcesOf(apache);
  describeForeignFolder({ by: 'odradek', source: () => sources().stopped });
  const left = describeTakeover({
    name: 'taken over after a clean stop',
    by: 'odradek',
    source: () => sources().stopped,
  });
  describeTakeover({ name: 'and back again', by: apache, source: left });
  describeTakeover({
    name: 'taken over after kill -9, one batch torn',
    by: 'odradek',
    source: () => sources().killed,
    isTorn: true,
  });
});

describe('a folder of this broker', () => {
  const sources = sourcesOf('odradek');
  describeForeignFolder({ by: '3.9.1', source: () => sources().stopped });
  describe.each(apacheVersions)('taken over by Apache Kafka %s', (apache) => {
    const copied = (kind: keyof Sources) => () =>
      copySource(sources()[kind], surroundings().zookeeper, `for-${apache}`);
    const left = describeTakeover({
      name: 'after a clean stop',
      by: apache,
      source: copied('stopped'),
    });
    describeTakeover({ name: 'and back again', by: 'odradek', source: left });
    describeTakeover({
      name: 'after kill -9, one batch torn',
      by: apache,
      source: copied('killed'),
      isTorn: true,
    });
  });
});

for (const apache of apacheVersions) describeLock(apache, surroundings);

devFolder(surroundings);
