import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault } from '../support/describe-fault.ts';
import { leaderThatIsNotController } from '../support/victims.ts';

describeFault({
  name: 'disk-full',
  cluster: { diskSizeMb: 96 },
  inject: async (context) => {
    const { cluster, load, note } = context;
    const victim = await leaderThatIsNotController(context);
    const ballast = join(cluster.logDir(victim), 'ballast');
    await fill(ballast);
    const filledAt = Date.now();
    // Apache Kafka's broker ends; ours stays and refuses what does not fit.
    await sleep(fullMs);
    note(cluster.broker(victim).isRunning ? 'the broker goes on' : 'the broker has ended');
    await rm(ballast);
    await cluster.revive(victim);
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(filledAt))} ms`);
  },
});

const fullMs = 10_000;
const chunkSize = 65_536;

/** To the last page: what a broker appends now does not fit. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (;;) {
      const { bavail, bsize } = await statfs(join(path, '..'));
      if (bavail === 0) return;
      await file.write(Buffer.alloc(Math.min(chunkSize, bavail * bsize), 1));
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    await file.close();
  }
}
