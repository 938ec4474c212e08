/** A broker of its own process, killed again and again under load: what it acknowledged must be there. */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, expect, it, jest } from '@jest/globals';
import { freePort } from '../interop/support/free-port.ts';
import { LedgerClient } from '../operator/local/ledger-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(90_000);

const program = resolve('dist/broker/main.js');
const topic = 'ledger';
const partitionCount = 6;
const killCount = 3;

/** Two log.dirs, and segments so small that there are some to recover, and some that are being made. */
function properties(folder: string, port: number): string {
  const lines = {
    'broker.id': '0',
    'zookeeper.connect': 'local:',
    listeners: `PLAINTEXT://127.0.0.1:${String(port)}`,
    'log.dirs': [join(folder, 'one'), join(folder, 'other')].join(','),
    'log.segment.bytes': '20000',
    'log.index.interval.bytes': '200',
    'log.flush.offset.checkpoint.interval.ms': '100',
    'offsets.topic.num.partitions': '2',
    'offsets.topic.replication.factor': '1',
    'group.initial.rebalance.delay.ms': '0',
    'odradek.http.port': '',
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function brokerIn(folder: string) {
  const port = await freePort();
  const file = join(folder, 'server.properties');
  writeFileSync(file, properties(folder, port));
  const server = new ServerProcess({
    name: 'the broker',
    command: process.execPath,
    args: [program, 'broker', file],
    cwd: folder,
    isReady: (log) => log.includes('"msg":"started"'),
    startLimitMs: 30_000,
    stopLimitMs: 10_000,
  });
  return { server, bootstrapServers: `127.0.0.1:${String(port)}` };
}

async function makeTopic(client: LedgerClient): Promise<void> {
  const admin = client.kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitionCount }] });
  await admin.disconnect();
}

describe('A broker that is killed three times in a row', () => {
  const temporaryFolder = temporaryFolders();

  it('has every acknowledged record of idempotent producers at its offset, once', async () => {
    const { server, bootstrapServers } = await brokerIn(await temporaryFolder());
    const client = new LedgerClient({ bootstrapServers, topic, partitionCount });
    try {
      await server.start();
      await makeTopic(client);
      await client.start();
      for (let kill = 0; kill < killCount; kill += 1) {
        // Not at a round number: in the middle of whatever it does then.
        await client.goesOn(150 + 37 * kill);
        await server.kill();
        await server.start();
      }
      await client.goesOn(100);
      await client.stop();
      const audit = client.ledger.audit(await client.readAll());
      process.stdout.write(
        `acknowledged ${String(audit.acknowledged)} over ${String(killCount)} kills\n`,
      );
      expect(audit).toMatchObject({ lost: [], duplicated: [] });
    } finally {
      await server.kill();
    }
  });
});
