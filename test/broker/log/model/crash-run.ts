/**
 * Stops, crashes and damage of the model test, and what each has to leave.
 *
 * - After a stop, and after the death of the process alone, the log is what it was.
 * - After a loss of power it is a beginning of what was appended, at least up to the recovery point:
 *   whatever pages and names the disk happens to have.
 * - What was being dropped at that moment is there, or gone, segment by segment.
 * - Damage behind the recovery point ends the log there.
 */

import assert from 'node:assert/strict';
import { readAll, seededRandom } from '../log-fixture.ts';
import type { LogRun } from './log-run.ts';
import { policiesOf } from './log-run.ts';
import type { DamageEnd } from './damages.ts';
import { damage } from './damages.ts';
import type { ModelBatch } from './model-batch.ts';
import { readBack } from './model-batch.ts';
import type { CrashMode, Damage, Step } from './log-step.ts';

type CrashStep = Extract<Step, { readonly kind: 'crash' }>;

/** Where the log may end after a crash, and start. */
interface Allowed {
  readonly endMin: number;
  readonly endMax: number;
  readonly firstSegmentMax: number;
  /** Compaction leaves segments that end before the next one begins, so a lost end looks the same. */
  readonly mayHaveHoles: boolean;
}

export async function stopAndStart(
  run: LogRun,
  step: { readonly damage: Damage; readonly seed: number },
): Promise<void> {
  await run.log.close();
  assert.equal(run.fixture.fileSystem.openCount, 0, 'descriptors are left open');
  run.checkpoint();
  assert.equal(run.checkpoints.recoveryPoint, run.model.end);
  await damageFiles(run, step, Infinity);
  await reopen(run, true, exactly(run));
}

export async function crash(run: LogRun, step: CrashStep): Promise<void> {
  begin(run, step.during);
  const truncatedTo = run.model.endOfTruncation(run.offsetAt(0.5));
  for (let tick = 0; tick < step.ticks; tick += 1) await Promise.resolve();
  const { log, fixture, model } = run;
  const { writtenEndOffset, recoveryPoint } = log;
  await fixture.crash(survivorsOf(step));
  // A truncation may have come to its end in the last moment.
  const cut = step.during === 'truncate' ? truncatedTo : Infinity;
  const kept = Math.min(step.mode === 'kill' ? writtenEndOffset : recoveryPoint, cut);
  const endMin = model.endOfBatches(kept);
  const firstSegmentMax = log.segmentBaseOffsets[0] ?? -1;
  const damageEnd = await damageFiles(run, step, run.checkpoints.recoveryPoint);
  const mayHaveHoles = run.policy !== 'delete' && step.mode !== 'kill';
  const allowed = { endMin, endMax: model.end, firstSegmentMax, mayHaveHoles };

  await reopen(run, false, {
    ...allowed,
    endMin: Math.min(endMin, damageEnd?.endMin ?? Infinity),
    endMax: damageEnd?.endMax ?? allowed.endMax,
  });
  // Until a flush, a loss of power may bring back what was dropped; its leader's epochs drop it again.
  if (step.during === 'truncate') await run.log.flush();
}

/** After a failed sync nobody knows what is on the disk, so nothing may be appended until a start. */
export async function failSync(run: LogRun, seed: number): Promise<void> {
  const { fixture, log, model } = run;
  await log.flush();
  await run.appendGroup({ count: 2, size: 40, group: 1 });
  const { recoveryPoint } = log;
  // With flush.messages it was synced already.
  if (recoveryPoint === model.end) return;
  fixture.fileSystem.failNext('sync', 'EIO', run.activeFile);
  await assert.rejects(log.flush());
  assert(log.isBroken);
  assert.throws(() => run.append(run.plain(1, 1)));
  await fixture.crash(seededRandom(seed));
  await reopen(run, false, {
    endMin: model.endOfBatches(recoveryPoint),
    endMax: model.end,
    firstSegmentMax: model.firstSegment,
    mayHaveHoles: run.policy !== 'delete',
  });
}

function damageFiles(
  { fixture, model }: LogRun,
  step: { readonly damage: Damage; readonly seed: number },
  recoveryPoint: number,
): Promise<DamageEnd | null> {
  const random = seededRandom(step.seed);
  return damage({ fixture, model, recoveryPoint, random }, step.damage);
}

function exactly({ model }: LogRun): Allowed {
  const firstSegmentMax = model.firstSegment;
  const endMin = model.endOfBatches(model.end);
  return { endMin, endMax: model.end, firstSegmentMax, mayHaveHoles: false };
}

function survivorsOf({ mode, seed }: { readonly mode: CrashMode; readonly seed: number }) {
  return mode === 'luck' ? seededRandom(seed) : mode === 'kill';
}

/** Begins what the crash interrupts; nobody hears how it ends. */
function begin(run: LogRun, during: CrashStep['during']): void {
  const { log, model, fixture } = run;
  const ignore = (promise: Promise<unknown>): void => {
    promise.catch(() => undefined);
  };
  if (during !== 'nothing') ignore(run.append(run.plain(2, 100)).written);
  switch (during) {
    case 'nothing':
    case 'appends':
      return;
    case 'flush': {
      ignore(model.end % 2 === 0 ? log.flush() : log.flushForRecovery());
      return;
    }
    case 'stop': {
      ignore(log.close());
      return;
    }
    case 'truncate': {
      ignore(log.truncateTo(run.offsetAt(0.5)));
      return;
    }
    case 'retain':
      log.updateConfig({ ...log.config, retentionBytes: 500 });
      {
        ignore(log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark: model.end }));
        return;
      }
    default:
      return during satisfies never;
  }
}

async function reopen(run: LogRun, isClean: boolean, allowed: Allowed): Promise<void> {
  const { fixture, model, checkpoints } = run;
  const config = { ...run.config, ...policiesOf(run.policy) };
  const { recoveryPoint, logStart: logStartOffset } = checkpoints;
  model.epochsFrom = Math.max(model.epochsFrom, run.log.logStartOffset);
  run.log = await fixture.open(config, { isClean, recoveryPoint, logStartOffset });
  const { logEndOffset: end, segmentBaseOffsets } = run.log;
  const firstSegment = segmentBaseOffsets[0] ?? -1;
  assert.equal(run.log.logStartOffset, Math.max(logStartOffset, firstSegment));
  // Where all of it was deleted by request, it does not matter what of it was lost.
  const isAllDeleted = end === logStartOffset && firstSegment === end && allowed.endMin <= end;
  if (!isAllDeleted) {
    assert(end >= allowed.endMin, `${String(end)} was cut below ${String(allowed.endMin)}`);
    assert(end <= allowed.endMax, `${String(end)} lies behind ${String(allowed.endMax)}`);
    assert(firstSegment <= allowed.firstSegmentMax, 'the first segments are lost');
  }
  model.firstSegment = firstSegment;
  model.logStart = run.log.logStartOffset;
  run.noteCut(end);
  if (allowed.mayHaveHoles) await forgetHoles(run, allowed.endMin);
}

async function forgetHoles({ log, model }: LogRun, endMin: number): Promise<void> {
  const { headers } = readBack(await readAll(log, { from: log.logStartOffset }));
  const found = new Set(headers.map(({ baseOffset }) => baseOffset));
  const isThere = ({ baseOffset, lastOffset }: ModelBatch): boolean =>
    lastOffset < model.logStart || found.has(baseOffset);
  assert(
    model.batches.every((it) => it.lastOffset >= endMin || isThere(it)),
    'a hole in what was synced',
  );
  model.batches = model.batches.filter(isThere);
  model.isSizeKnown = false;
}
