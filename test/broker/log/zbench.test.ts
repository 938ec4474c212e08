import { it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { NodeFileSystem } from '../../../broker/platform/node-file-system.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { DescriptorCache } from '../../../broker/log/files/descriptor-cache.ts';
import { IndexCache } from '../../../broker/log/index/index-cache.ts';
import { PartitionLog } from '../../../broker/log/partition-log.ts';
import { readBatchHeader } from '../../../broker/records/batch-header.ts';
import { releasePayload } from '../../../broker/model/payload.ts';
import { batchOf, defaultConfig } from './log-fixture.ts';

it('bench', async () => {
  const fileSystem = new NodeFileSystem({ clock: systemClock });
  const environment = { fileSystem, clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger,
    descriptors: new DescriptorCache(fileSystem, 1000), indexes: new IndexCache(64 << 20), producerIdExpirationMs: 86400000 };
  const config = { ...defaultConfig, segmentBytes: 1 << 30, segmentIndexBytes: 10 << 20, indexIntervalBytes: 4096 };
  const open = async (name: string) => { rmSync('/tmp/logbench/' + name, { recursive: true, force: true });
    return PartitionLog.openPartitionLog({ topic: 't', partition: 0, folder: '/tmp/logbench/' + name, config, environment, recoveryPoint: 0, logStartOffset: 0, isClean: false }); };
  const report = (what: string, t0: number, cpu: NodeJS.CpuUsage, n: number, bytes: number) => { const ms = performance.now() - t0; const c = process.cpuUsage(cpu);
    console.log(`${what}: ${(n / ms * 1000).toFixed(0)}/s ${(bytes / ms / 1000).toFixed(0)} MB/s, cpu user ${(c.user / n).toFixed(2)} us sys ${(c.system / n).toFixed(2)} us each`); };
  for (const producer of [false, true]) {
    const log = await open('small' + String(producer)); let seq = 0;
    const proto = Buffer.from(batchOf({ size: 100 }).buffer);
    for (let round = 0; round < 2; round++) {
      const n = 100_000; let bytes = 0; const t0 = performance.now(), cpu = process.cpuUsage();
      for (let i = 0; i < n / 100; i++) {
        const waits: Promise<void>[] = [];
        for (let k = 0; k < 100; k++) {
          const buffer = Buffer.from(proto);
          if (producer) { buffer.writeBigInt64BE(5n, 43); buffer.writeInt16BE(0, 51); buffer.writeInt32BE(seq++, 53); }
          const r = log.append({ buffer, headers: [readBatchHeader(buffer, 0)] }, { leaderEpoch: 0 });
          bytes += buffer.length;
          if (k === 99) waits.push(r.written);
        }
        await Promise.all(waits);
        await new Promise((r) => setImmediate(r));
      }
      report('one-record appends, 100 per turn' + (producer ? ', idempotent' : ''), t0, cpu, n, bytes);
    }
    await log.close();
  }
  {
    const log = await open('large');
    const proto = batchOf({ size: 1000, count: 256 }).buffer;
    for (let round = 0; round < 3; round++) {
      const n = 3000; const t0 = performance.now(), cpu = process.cpuUsage();
      for (let i = 0; i < n; i++) {
        const r = log.append({ buffer: proto, headers: [readBatchHeader(proto, 0)] }, { leaderEpoch: 0 });
        await r.written;
        if (i % 16 === 0) await new Promise((r) => setImmediate(r));
      }
      report('batches of 256 KiB', t0, cpu, n, n * proto.length);
    }
    const t1 = performance.now(), cpu1 = process.cpuUsage(); let n = 0, slow = 0, bytes = 0;
    for (let offset = 0; offset < log.writtenEndOffset;) {
      const r = log.read({ offset, maxBytes: 1 << 20, minOneBatch: true, upperBound: Infinity });
      if (r instanceof Promise) slow++;
      const got = await r; n++;
      const batches = Math.max(1, Math.floor(got.size / proto.length));
      offset = got.firstBatchBaseOffset + batches * 256; bytes += batches * proto.length; releasePayload(got.payload);
    }
    report(`reads of 1 MiB (${slow} slow of ${n})`, t1, cpu1, n, bytes);
    const before = process.cpuUsage(); const t2 = performance.now(); await log.close(); console.log('close', performance.now() - t2);
    const t3 = performance.now();
    const again = await PartitionLog.openPartitionLog({ topic: 't', partition: 0, folder: '/tmp/logbench/large', config, environment, recoveryPoint: 0, logStartOffset: 0, isClean: false });
    const c = process.cpuUsage(before);
    console.log('recovery of', again.size / 1e9, 'GB took', performance.now() - t3, 'ms');
    await again.close();
  }
}, 120000);
