/** Damage to the files of a log that nobody has open. Says where the log must end because of it. */

import type { Random } from '../../../../broker/platform/random.ts';
import type { LogFixture } from '../log-fixture.ts';
import { FOLDER } from '../log-fixture.ts';
import type { LogModel } from './log-model.ts';
import type { Damage } from './log-step.ts';

interface DamagedLog {
  readonly fixture: LogFixture;
  readonly model: LogModel;
  /** Before it nothing is looked at again at the next start. */
  readonly recoveryPoint: number;
  readonly random: Random;
}

/** Bytes of a batch before its checksummed part. */
const UNCHECKED_SIZE = 21;

/** Between which offsets the log must end because of it; null if it must not matter. */
export interface DamageEnd {
  readonly endMin: number;
  readonly endMax: number;
}

export async function damage(log: DamagedLog, kind: Damage): Promise<DamageEnd | null> {
  const names = await log.fixture.fileSystem.list(FOLDER);
  const ending = (suffix: string): readonly string[] => names.filter((it) => it.endsWith(suffix));
  switch (kind) {
    case 'none':
      return null;
    case 'garbage behind the end':
      await addGarbage(log, ending('.log').at(-1));
      return null;
    case 'a flipped bit':
      return flipBit(log, ending('.log'));
    case 'an index is gone':
      await remove(log, one(log, [...ending('.index'), ...ending('.timeindex')]));
      return null;
    case 'an index is garbage':
      await overwrite(log, one(log, indexesToRebuild(log, names)));
      return null;
    case 'the producer snapshots are gone':
      for (const name of ending('.snapshot')) await remove(log, name);
      return null;
    case 'a producer snapshot is garbage':
      await overwrite(log, one(log, ending('.snapshot')));
      return null;
    case 'the epochs are garbage':
      await overwrite(log, one(log, ending('leader-epoch-checkpoint')));
      return null;
    default:
      return kind satisfies never;
  }
}

/** Of segments of which nothing was synced: the others are believed. */
function indexesToRebuild(log: DamagedLog, names: readonly string[]): readonly string[] {
  return names.filter((it) => /index$/.test(it) && Number.parseInt(it, 10) >= log.recoveryPoint);
}

function one(log: DamagedLog, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names[log.random.integer(names.length)];
}

async function addGarbage(log: DamagedLog, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const content = await log.fixture.read(name);
  const garbage = log.random.bytes(1 + log.random.integer(200));
  await log.fixture.write(name, Buffer.concat([content, garbage]));
}

/** In the checksummed part of a batch that recovery has to look at. */
async function flipBit(log: DamagedLog, names: readonly string[]): Promise<DamageEnd | null> {
  const { model, random, fixture } = log;
  const candidates = model.stored.filter(({ baseOffset }) => baseOffset >= log.recoveryPoint);
  const batch = candidates[random.integer(Math.max(1, candidates.length))];
  if (batch === undefined) return null;
  const bases = names.map((it) => Number.parseInt(it, 10));
  const index = bases.findLastIndex((base) => base <= batch.baseOffset);
  const name = names[index];
  const content = name === undefined ? Buffer.alloc(0) : await fixture.read(name);
  const position = content.indexOf(batch.bytes);
  // What a crash took, damage cannot reach.
  if (name === undefined || position < 0) return null;
  const place = UNCHECKED_SIZE + random.integer(batch.bytes.length - UNCHECKED_SIZE);
  content.writeUInt8(content.readUInt8(position + place) ^ 0x10, position + place);
  await fixture.write(name, content);
  const before = model.stored.findLast(({ lastOffset }) => lastOffset < batch.baseOffset);
  const endMin = before === undefined ? model.firstSegment : before.lastOffset + 1;
  return { endMin, endMax: batch.baseOffset };
}

async function overwrite(log: DamagedLog, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { length } = await log.fixture.read(name);
  await log.fixture.write(name, log.random.bytes(Math.max(1, length)));
}

async function remove(log: DamagedLog, name: string | undefined): Promise<void> {
  if (name !== undefined) await log.fixture.fileSystem.remove(`${FOLDER}/${name}`);
}
