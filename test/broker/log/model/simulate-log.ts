/** One run of the model test: a new log, a sequence of steps, and everything compared at the end. */

import { LogFixture } from '../log-fixture.ts';
import { compareAborted, compareAll } from './comparisons.ts';
import { crash, failSync, stopAndStart } from './crash-run.ts';
import { LogRun, policiesOf } from './log-run.ts';
import type { ModelConfig, Step } from './log-step.ts';
import type { CleanupPolicy } from './log-model.ts';
import { PRODUCER_IDS } from './log-model.ts';
import { produce, retryLast, transact } from './producer-run.ts';

export interface LogWorld {
  /** Whether writes take their time. */
  readonly slowWrites: boolean;
  readonly policy: CleanupPolicy;
  readonly config: ModelConfig;
}

/** Rejects with the first difference between the log and the model. */
export async function simulateLog(steps: readonly Step[], world: LogWorld): Promise<void> {
  const fixture = new LogFixture();
  const { policy, slowWrites, config } = world;
  fixture.fileSystem.slowWrites = slowWrites;
  const log = await fixture.open({ ...config, ...policiesOf(policy) });
  const run = new LogRun({ fixture, log, policy, config });
  for (const step of steps) {
    await apply(run, step);
    if (step.kind === 'crash' || step.kind === 'stop') await compareEverything(run);
  }
  await compareEverything(run);
  await run.log.close();
}

async function compareEverything(run: LogRun): Promise<void> {
  await compareAll(run);
  for (const producerId of PRODUCER_IDS) await retryLast(run, producerId);
}

async function apply(run: LogRun, step: Step): Promise<void> {
  switch (step.kind) {
    case 'append':
      return run.appendGroup(step);
    case 'produce':
      return produce(run, step);
    case 'transact':
      return transact(run, step);
    case 'follow':
      return run.follow(step);
    case 'elect': {
      run.elect();
      return;
    }
    case 'read':
      await compareAborted(run, {
        from: run.offsetAt(step.part),
        upperBound: run.offsetAt(step.until),
      });
      return run.read(step);
    case 'lookup':
      return run.lookup(step);
    case 'truncate':
      return run.truncate(step.part);
    case 'restart at':
      return run.restartAt(step.difference);
    case 'retain':
      return run.retain(step);
    case 'delete records': {
      run.deleteRecords(step.part);
      return;
    }
    case 'configure': {
      run.configure(step.config);
      return;
    }
    case 'pass': {
      run.fixture.time.pass(step.ms);
      return;
    }
    case 'flush':
      return run.flush();
    case 'checkpoint': {
      run.checkpoint();
      return;
    }
    case 'burst':
      return run.burst(step);
    case 'write fails':
      return run.failWrite();
    case 'sync fails':
      return failSync(run, step.seed);
    case 'disk full':
      return run.fillDisk(step);
    case 'stop':
      return stopAndStart(run, step);
    case 'crash':
      return crash(run, step);
    default:
      return step satisfies never;
  }
}
