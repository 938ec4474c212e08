/** The kube port over an API server. */

import { z } from 'zod';

import type { ApiRequest, ApiTransport } from './api-transport.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeErrorCode,
  KubeObject,
  ListOptions,
  ObjectKey,
  ObjectList,
  ResourceKind,
  WatchOptions,
} from './port.ts';
import { KubeError } from './port.ts';

/** Bookmarks come every minute; a watch that is silent for longer than this is dead. */
const watchInactivityMs = 150_000;
const watchTimeoutSeconds = 600;
const pageSize = 500;

export class ApiKubeClient implements KubeClient {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(kind: ResourceKind<T>, key: ObjectKey): Promise<T | null> {
    const { status, text } = await this.#transport.send({
      method: 'GET',
      path: objectPath(kind, key),
    });
    if (status === 404) return null;
    return kind.parse(checked(status, text));
  }

  async list<T extends KubeObject>(
    kind: ResourceKind<T>,
    options: ListOptions,
  ): Promise<ObjectList<T>> {
    const items: T[] = [];
    let token = '';
    for (;;) {
      const { status, text } = await this.#transport.send({
        method: 'GET',
        path: collectionPath(kind, options.namespace),
        query: {
          ...selector(options),
          limit: String(pageSize),
          ...(token === '' ? {} : { continue: token }),
        },
      });
      const page = listSchema.parse(checked(status, text));
      // Items of a list come without their kind.
      const { apiVersion } = kind;
      for (const item of page.items)
        items.push(kind.parse({ apiVersion, kind: kind.kind, ...item }));
      token = page.metadata.continue;
      if (token === '') return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  async watch<T extends KubeObject>(
    kind: ResourceKind<T>,
    options: WatchOptions<T>,
  ): Promise<void> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    let failure: unknown = null;
    try {
      const refused = await this.#transport.stream(
        {
          method: 'GET',
          path: collectionPath(kind, options.namespace),
          query: {
            ...selector(options),
            watch: 'true',
            allowWatchBookmarks: 'true',
            resourceVersion: options.resourceVersion,
            timeoutSeconds: String(watchTimeoutSeconds),
          },
        },
        {
          signal: abort.signal,
          inactivityMs: watchInactivityMs,
          onLine: (line) => {
            try {
              takeEvent(kind, options, line);
            } catch (error) {
              failure ??= error;
              abort.abort();
            }
          },
        },
      );
      if (refused !== null) checked(refused.status, refused.text);
    } finally {
      options.signal.removeEventListener('abort', onAbort);
    }
    if (failure instanceof Error) throw failure;
  }

  apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T> {
    return this.#apply(kind, object, options, '');
  }

  applyStatus<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<T> {
    return this.#apply(kind, object, options, '/status');
  }

  create<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T> {
    const path = collectionPath(kind, object.metadata.namespace);
    return this.#write(kind, { method: 'POST', path, body: object });
  }

  replace<T extends KubeObject>(kind: ResourceKind<T>, object: KubeObject): Promise<T> {
    return this.#write(kind, {
      method: 'PUT',
      path: objectPath(kind, keyOf(object)),
      body: object,
    });
  }

  async remove<T extends KubeObject>(
    kind: ResourceKind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { status, text } = await this.#transport.send({
      method: 'DELETE',
      path: objectPath(kind, key),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: options,
      },
    });
    if (status !== 404) checked(status, text);
  }

  #apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: KubeObject,
    { fieldManager, force }: ApplyOptions,
    subresource: string,
  ): Promise<T> {
    return this.#write(kind, {
      method: 'PATCH',
      path: `${objectPath(kind, keyOf(object))}${subresource}`,
      query: { fieldManager, force: String(force) },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  async #write<T extends KubeObject>(kind: ResourceKind<T>, request: ApiRequest): Promise<T> {
    const { status, text } = await this.#transport.send(request);
    return kind.parse(checked(status, text));
  }
}

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().default('') }),
  items: z
    .array(z.record(z.string(), z.unknown()))
    .nullable()
    .transform((items) => items ?? []),
});

const statusSchema = z.object({
  reason: z.string().default(''),
  message: z.string().default(''),
  code: z.number().default(0),
  details: z
    .object({ causes: z.array(z.object({ field: z.string().default('') })).default([]) })
    .default({ causes: [] }),
});

const eventSchema = z.object({ type: z.string(), object: z.unknown() });
const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const eventTypes = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

function takeEvent<T extends KubeObject>(
  kind: ResourceKind<T>,
  { onEvent }: WatchOptions<T>,
  line: string,
): void {
  const event = eventSchema.parse(JSON.parse(line));
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      onEvent({ type: eventTypes[event.type], object: kind.parse(event.object) });
      return;
    case 'BOOKMARK': {
      const { resourceVersion } = bookmarkSchema.parse(event.object).metadata;
      onEvent({ type: 'bookmark', resourceVersion });
      return;
    }
    default:
      throw errorOf(0, event.object);
  }
}

/** The answer's JSON; throws the KubeError that its status stands for. */
function checked(status: number, text: string): unknown {
  const json = parsedJson(text);
  if (status >= 200 && status < 300) return json;
  throw errorOf(status, json ?? { message: text.slice(0, 500) });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy on the way answers in its own words.
    return null;
  }
}

function errorOf(status: number, body: unknown): KubeError {
  const told = statusSchema.safeParse(body).data ?? statusSchema.parse({});
  const code = codeOf(status === 0 ? told : { ...told, code: status });
  return new KubeError(code, told.message === '' ? `HTTP ${String(status)}` : told.message);
}

function codeOf(status: z.infer<typeof statusSchema>): KubeErrorCode {
  switch (status.code) {
    case 401:
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 409:
      return status.reason === 'AlreadyExists' ? 'ALREADY_EXISTS' : 'CONFLICT';
    case 410:
      return 'GONE';
    case 400:
    case 422:
      return isOfAnotherObject(status) ? 'CONFLICT' : 'INVALID';
    case 429:
      return 'UNAVAILABLE';
    default:
      if (isOfAnotherType(status)) return 'INVALID';
      return status.code >= 500 ? 'UNAVAILABLE' : 'OTHER';
  }
}

/** An apply that names a uid gets 409 where the object is gone, and this where there is another. */
function isOfAnotherObject({ details }: z.infer<typeof statusSchema>): boolean {
  return details.causes.some((cause) => cause.field === 'metadata.uid');
}

/** An apply whose fields do not have the types of the schema is answered as if the server had failed. */
function isOfAnotherType({ code, message }: z.infer<typeof statusSchema>): boolean {
  return code === 500 && message.startsWith('failed to create typed patch object');
}

function selector({ labels = {} }: ListOptions): Readonly<Record<string, string>> {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? {} : { labelSelector: pairs.join(',') };
}

function collectionPath(
  kind: Pick<ResourceKind, 'apiVersion' | 'plural'>,
  namespace?: string,
): string {
  const root = kind.apiVersion.includes('/')
    ? `/apis/${kind.apiVersion}`
    : `/api/${kind.apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${kind.plural}`;
}

function objectPath(kind: Pick<ResourceKind, 'apiVersion' | 'plural'>, key: ObjectKey): string {
  return `${collectionPath(kind, key.namespace)}/${encodeURIComponent(key.name)}`;
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}
