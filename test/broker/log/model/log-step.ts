/** What may happen to a log: the alphabet of the model test, and how fast-check makes words of it. */

import fc from 'fast-check';

/** What a disk holds after a crash: everything, what was synced, or any part of the rest too. */
export type CrashMode = 'kill' | 'power' | 'luck';

/** What somebody did to the files while nobody had them open. */
export type Damage =
  | 'none'
  | 'garbage behind the end'
  | 'a flipped bit'
  | 'an index is gone'
  | 'an index is garbage'
  | 'the producer snapshots are gone'
  | 'a producer snapshot is garbage'
  | 'the epochs are garbage';

/** What is tried of a log's configuration: small enough that much happens within kilobytes. */
export interface ModelConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly indexIntervalBytes: number;
  readonly segmentIndexBytes: number;
  readonly flushMessages: number;
}

/** Offsets are told as a part of the log, 0 its start and 1 its end: so they survive shrinking. */
export type Step =
  | {
      readonly kind: 'append';
      readonly count: number;
      readonly size: number;
      readonly group: number;
    }
  | {
      readonly kind: 'produce';
      readonly producer: number;
      readonly trick: 'next' | 'retry the last' | 'retry an older' | 'gap' | 'stale' | 'new epoch';
      readonly count: number;
    }
  | {
      readonly kind: 'transact';
      readonly producer: number;
      readonly act: 'data' | 'commit' | 'abort' | 'fence' | 'outside';
    }
  | {
      readonly kind: 'follow';
      /** Offsets missing before each batch, as compaction leaves them; only in a compacted log. */
      readonly gaps: readonly number[];
      readonly size: number;
    }
  | { readonly kind: 'elect' }
  | {
      readonly kind: 'read';
      readonly part: number;
      readonly until: number;
      readonly maxBytes: number;
    }
  | { readonly kind: 'lookup'; readonly part: number; readonly differenceMs: number }
  | { readonly kind: 'truncate'; readonly part: number }
  | { readonly kind: 'restart at'; readonly difference: number }
  | { readonly kind: 'retain'; readonly bytes: number | null; readonly ms: number | null }
  | { readonly kind: 'delete records'; readonly part: number }
  | { readonly kind: 'configure'; readonly config: ModelConfig }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'checkpoint' }
  | {
      readonly kind: 'burst';
      readonly count: number;
      readonly beside: 'flush' | 'retain' | 'read' | 'lookup' | 'truncate';
      readonly part: number;
    }
  | { readonly kind: 'write fails' }
  | { readonly kind: 'sync fails'; readonly seed: number }
  | { readonly kind: 'disk full'; readonly room: number; readonly count: number }
  | { readonly kind: 'stop'; readonly damage: Damage; readonly seed: number }
  | {
      readonly kind: 'crash';
      readonly mode: CrashMode;
      readonly during: 'nothing' | 'appends' | 'flush' | 'stop' | 'truncate' | 'retain';
      readonly ticks: number;
      readonly damage: Damage;
      readonly seed: number;
    };

const part = fc.double({ min: 0, max: 1, noNaN: true });
const seed = fc.integer({ min: 1, max: 1_000_000 });
const count = fc.integer({ min: 1, max: 4 });
const size = fc.integer({ min: 1, max: 120 });

function of<Kind extends Step['kind'], Rest>(
  weight: number,
  kind: Kind,
  fields: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.WeightedArbitrary<{ kind: Kind } & Rest> {
  const arbitrary = fc.record(fields).map((rest) => ({ kind, ...rest }));
  return { weight, arbitrary };
}

const damageOfStopped = fc.constantFrom<Damage>(
  'none',
  'none',
  'an index is gone',
  'the producer snapshots are gone',
  'a producer snapshot is garbage',
  'the epochs are garbage',
);

const damageOfCrashed = fc.constantFrom<Damage>(
  'none',
  'none',
  'none',
  'garbage behind the end',
  'a flipped bit',
  'an index is gone',
  'an index is garbage',
  'the producer snapshots are gone',
  'a producer snapshot is garbage',
  'the epochs are garbage',
);

export const anyConfig: fc.Arbitrary<ModelConfig> = fc.record({
  segmentBytes: fc.integer({ min: 1500, max: 3000 }),
  segmentMs: fc.constantFrom(Infinity, Infinity, 500, 3000),
  indexIntervalBytes: fc.integer({ min: 0, max: 600 }),
  segmentIndexBytes: fc.constantFrom(24, 60, 120, 1024),
  flushMessages: fc.constantFrom(Infinity, Infinity, 1, 7),
});

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  of(8, 'append', { count, size, group: fc.integer({ min: 1, max: 4 }) }),
  of(6, 'produce', {
    producer: fc.integer({ min: 0, max: 2 }),
    trick: fc.constantFrom(
      'next',
      'next',
      'next',
      'retry the last',
      'retry an older',
      'gap',
      'stale',
      'new epoch',
    ),
    count,
  }),
  of(6, 'transact', {
    producer: fc.integer({ min: 0, max: 1 }),
    act: fc.constantFrom('data', 'data', 'commit', 'abort', 'abort', 'fence', 'outside'),
  }),
  of(3, 'follow', {
    gaps: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
    size,
  }),
  of(1, 'elect', {}),
  of(5, 'read', { part, until: part, maxBytes: fc.integer({ min: 0, max: 900 }) }),
  of(2, 'lookup', { part, differenceMs: fc.integer({ min: -3, max: 3 }) }),
  of(1, 'truncate', { part }),
  of(1, 'restart at', { difference: fc.integer({ min: -20, max: 20 }) }),
  of(2, 'retain', {
    bytes: fc.option(fc.integer({ min: 0, max: 3000 })),
    ms: fc.option(fc.integer({ min: 0, max: 4000 })),
  }),
  of(2, 'delete records', { part }),
  of(1, 'configure', { config: anyConfig }),
  of(1, 'pass', { ms: fc.integer({ min: 1, max: 3000 }) }),
  of(1, 'flush', {}),
  of(2, 'checkpoint', {}),
  of(3, 'burst', {
    count: fc.integer({ min: 1, max: 8 }),
    beside: fc.constantFrom('flush', 'retain', 'read', 'lookup', 'truncate'),
    part,
  }),
  of(1, 'write fails', {}),
  of(1, 'sync fails', { seed }),
  of(1, 'disk full', { room: fc.integer({ min: 0, max: 800 }), count }),
  of(2, 'stop', { damage: damageOfStopped, seed }),
  of(4, 'crash', {
    mode: fc.constantFrom('kill', 'power', 'luck', 'luck'),
    during: fc.constantFrom('nothing', 'appends', 'flush', 'stop', 'truncate', 'retain'),
    ticks: fc.integer({ min: 0, max: 80 }),
    damage: damageOfCrashed,
    seed,
  }),
);
