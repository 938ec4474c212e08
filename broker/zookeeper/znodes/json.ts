/**
 * Reading and writing the JSON of znodes: compact, keys in any order, unknown keys ignored, so that
 * data of other versions and other programs can be read. What cannot be read is a ZnodeFormatError
 * that names the path.
 */

export class ZnodeFormatError extends Error {
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`The data of znode ${path} cannot be read: ${reason}`, options);
    this.name = 'ZnodeFormatError';
    this.path = path;
  }
}

type Fields = ReadonlyMap<string, unknown>;

/** An object of a znode, with readers that name the field that is wrong. */
export class ZnodeObject {
  readonly path: string;
  readonly #fields: Fields;
  readonly #prefix: string;

  constructor(path: string, value: unknown, prefix = '') {
    this.path = path;
    this.#prefix = prefix;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ZnodeFormatError(path, `${prefix === '' ? 'it' : prefix} is not a JSON object`);
    }
    this.#fields = new Map<string, unknown>(Object.entries(value));
  }

  keys(): Iterable<string> {
    return this.#fields.keys();
  }

  /** Missing, or present as null. */
  lacks(key: string): boolean {
    const value = this.#fields.get(key);
    return value === undefined || value === null;
  }

  integer(key: string, fallback?: number): number {
    if (fallback !== undefined && this.lacks(key)) return fallback;
    const value = this.#fields.get(key);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw this.#wrong(key, 'a whole number');
  }

  /** A whole number, written as text or as a number: Kafka writes some as text. */
  integerText(key: string, fallback?: number): number {
    if (fallback !== undefined && this.lacks(key)) return fallback;
    const value = this.#fields.get(key);
    const parsed = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof parsed === 'number' && Number.isSafeInteger(parsed)) return parsed;
    throw this.#wrong(key, 'a whole number');
  }

  text(key: string): string {
    const value = this.#fields.get(key);
    if (typeof value === 'string') return value;
    throw this.#wrong(key, 'text');
  }

  textOrNull(key: string): string | null {
    return this.lacks(key) ? null : this.text(key);
  }

  list(key: string): readonly unknown[] {
    const value: unknown = this.#fields.get(key);
    if (Array.isArray(value)) return value;
    throw this.#wrong(key, 'a list');
  }

  texts(key: string): readonly string[] {
    return this.list(key).map((item) => {
      if (typeof item === 'string') return item;
      throw this.#wrong(key, 'a list of texts');
    });
  }

  integers(key: string): readonly number[] {
    return this.list(key).map((item) => {
      if (typeof item === 'number' && Number.isSafeInteger(item)) return item;
      throw this.#wrong(key, 'a list of whole numbers');
    });
  }

  object(key: string): ZnodeObject {
    return new ZnodeObject(this.path, this.#fields.get(key), this.#name(key));
  }

  objects(key: string): readonly ZnodeObject[] {
    return this.list(key).map(
      (item, index) => new ZnodeObject(this.path, item, `${this.#name(key)}[${String(index)}]`),
    );
  }

  #wrong(key: string, expected: string): ZnodeFormatError {
    return new ZnodeFormatError(this.path, `${this.#name(key)} is not ${expected}`);
  }

  #name(key: string): string {
    return this.#prefix === '' ? key : `${this.#prefix}.${key}`;
  }
}

/** Parses the data of a znode, which has to be a JSON object. */
export function parseZnode(data: Buffer | null, path: string): ZnodeObject {
  if (data === null) throw new ZnodeFormatError(path, 'it has no data');
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch (error) {
    throw new ZnodeFormatError(path, 'it is not JSON', { cause: error });
  }
  return new ZnodeObject(path, value);
}

export function encodeZnode(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
