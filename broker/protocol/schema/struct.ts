/**
 * Structs: the fields of each version are laid out once, on first use, so that reading and writing
 * is one loop without a question about versions.
 */

import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { Field, Fields, StructOf, Type } from './types.ts';

interface NamedField {
  readonly name: string;
  readonly type: Type<unknown>;
  readonly initial: unknown;
  readonly since: number;
  readonly until: number;
  readonly nullableSince: number;
  readonly ignorable: boolean;
  /** -1 for ordinary fields. */
  readonly tag: number;
}

/** The fields of one version, in their order. */
interface Layout {
  readonly ordinary: readonly NamedField[];
  readonly tagged: readonly NamedField[];
  /** Fields that the version lacks and that must have their default when written. */
  readonly refused: readonly NamedField[];
}

type Values = Record<string, unknown>;

/** A struct of the given fields, in the order of their definition. */
export function struct<const F extends Fields>(fields: F): Type<StructOf<F>> {
  const named = Object.entries(fields).map(([name, entry]) => nameField(name, entry));
  const layouts: Layout[] = [];
  const layoutOf = (version: number): Layout => (layouts[version] ??= layOut(named, version));
  const initial: Values = {};
  for (const { name, initial: value } of named) initial[name] = value;

  const type: Type<Values> = {
    kind: 'struct',
    initial,
    fields,
    isInitial: (values) => named.every((entry) => isDefault(entry, values[entry.name])),
    read(reader, version, flexible) {
      const layout = layoutOf(version);
      // A clone of the initial values has its final shape at once: cheaper than adding fields.
      const values = { ...initial };
      for (const entry of layout.ordinary) {
        values[entry.name] = readField(reader, entry, version, flexible);
      }
      if (flexible) readTags(reader, layout, values, version);
      return values;
    },
    write(writer, values, version, flexible) {
      const layout = layoutOf(version);
      for (const entry of layout.ordinary) {
        const value = values[entry.name];
        if (value === null) checkNullable(entry, version);
        entry.type.write(writer, value, version, flexible);
      }
      for (const entry of layout.refused) checkDefault(entry, values[entry.name], version);
      if (flexible) writeTags(writer, layout, values, version);
    },
  };
  // The loop above builds exactly the fields of F: the one place where types follow from data.
  return type as unknown as Type<StructOf<F>>;
}

/** As `struct`, or null: a byte -1 (null) or 1 precedes it. */
export function nullableStruct<const F extends Fields>(fields: F): Type<StructOf<F> | null> {
  const inner = struct(fields);
  return {
    kind: 'nullableStruct',
    initial: null,
    fields,
    read: (reader, version, flexible) =>
      reader.int8() < 0 ? null : inner.read(reader, version, flexible),
    write(writer, value, version, flexible) {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) inner.write(writer, value, version, flexible);
    },
  };
}

function nameField(name: string, entry: Type<unknown> | Field<unknown>): NamedField {
  const options: Partial<Field<unknown>> = 'type' in entry ? entry : {};
  const type = 'type' in entry ? entry.type : entry;
  return {
    name,
    type,
    initial: 'default' in options ? options.default : type.initial,
    since: options.since ?? 0,
    until: options.until ?? Infinity,
    nullableSince: options.nullableSince ?? 0,
    ignorable: options.ignorable ?? false,
    tag: options.tag ?? -1,
  };
}

function layOut(fields: readonly NamedField[], version: number): Layout {
  const present = fields.filter(({ since, until }) => since <= version && version <= until);
  return {
    ordinary: present.filter(({ tag }) => tag < 0),
    tagged: present.filter(({ tag }) => tag >= 0).sort((a, b) => a.tag - b.tag),
    refused: fields.filter((entry) => !present.includes(entry) && !entry.ignorable),
  };
}

function readField(reader: Reader, entry: NamedField, version: number, flexible: boolean): unknown {
  const value = entry.type.read(reader, version, flexible);
  if (value === null && version < entry.nullableSince) {
    throw new ProtocolError(`${entry.name} is not nullable in version ${String(version)}`);
  }
  return value;
}

function checkNullable(entry: NamedField, version: number): void {
  if (version >= entry.nullableSince) return;
  throw new RangeError(`${entry.name} is not nullable in version ${String(version)}`);
}

function checkDefault(entry: NamedField, value: unknown, version: number): void {
  if (isDefault(entry, value)) return;
  throw new RangeError(`version ${String(version)} has no field ${entry.name}`);
}

function isDefault({ type, initial }: NamedField, value: unknown): boolean {
  if (value === undefined || value === initial) return true;
  if (Array.isArray(value) && Array.isArray(initial)) {
    return value.length === 0 && initial.length === 0;
  }
  if (type.isInitial !== undefined) return type.isInitial(value);
  return Buffer.isBuffer(value) && Buffer.isBuffer(initial) && value.equals(initial);
}

function readTags(reader: Reader, layout: Layout, values: Values, version: number): void {
  let previous = -1;
  for (let left = reader.uvarint(); left > 0; left -= 1) {
    const tag = reader.uvarint();
    if (tag <= previous) throw new ProtocolError(`tag ${String(tag)} is repeated or out of order`);
    previous = tag;
    const content = reader.bytes(reader.uvarint());
    const entry = layout.tagged.find((candidate) => candidate.tag === tag);
    if (entry === undefined) continue;
    const inner = new Reader(content);
    values[entry.name] = readField(inner, entry, version, true);
    if (inner.remaining > 0) throw new ProtocolError(`tag ${String(tag)} is longer than its field`);
  }
}

function writeTags(writer: Writer, layout: Layout, values: Values, version: number): void {
  if (layout.tagged.length === 0) {
    writer.uvarint(0);
    return;
  }
  const set = layout.tagged.filter((entry) => !isDefault(entry, values[entry.name]));
  writer.uvarint(set.length);
  for (const entry of set) {
    const value = values[entry.name];
    if (value === null) checkNullable(entry, version);
    const inner = new Writer();
    entry.type.write(inner, value, version, true);
    const content = inner.toBuffer();
    writer.uvarint(entry.tag);
    writer.uvarint(content.length);
    writer.bytes(content);
  }
}
