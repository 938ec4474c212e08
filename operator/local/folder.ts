/**
 * A folder of YAML files as the desired state: saving a file is `kubectl apply`, taking a document
 * out of it or removing the file deletes the object. A file that cannot be read as YAML, or that has
 * become empty, changes nothing: it may be half saved. What is refused is said in one line.
 */

import { watch } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SerialQueue } from '../../broker/platform/serial-queue.ts';
import type { Timer, Timers } from '../../broker/platform/timers.ts';
import { kindOf } from '../kube/resources.ts';
import type { KubeClient, KubeObject, ResourceKind } from '../kube/port.ts';
import { KubeError } from '../kube/port.ts';
import type { ManifestDocument } from './manifest.ts';
import { ManifestError, readManifest } from './manifest.ts';

export interface FolderEvent {
  readonly type: 'file-applied' | 'file-removed' | 'file-refused';
  /** One line: the file, the object, what became of it or what is wrong and what is allowed. */
  readonly message: string;
}

export interface FolderOptions {
  readonly folder: string;
  readonly kube: KubeClient;
  readonly timers: Timers;
  readonly onEvent: (event: FolderEvent) => void;
  /** How long a folder has to be quiet before it is read. Default 100 ms. */
  readonly quietMs?: number;
}

interface KnownFile {
  readonly text: string;
  readonly documents: readonly ManifestDocument[];
}

const fieldManager = 'local-folder';

export class Folder {
  readonly #options: FolderOptions;
  readonly #queue = new SerialQueue();
  readonly #stopping = new AbortController();
  #files: ReadonlyMap<string, KnownFile> = new Map();
  #timer: Timer | null = null;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /** Resolves when what the folder holds has been applied. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    // The watch comes first, so that nothing is lost between the two.
    watch(folder, { signal: this.#stopping.signal }, () => this.#onChange()).on('error', (error) =>
      this.#refuse(`${folder} can no longer be watched: ${error.message}`),
    );
    await this.#queue.run(() => this.#read());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#queue.idle();
  }

  #onChange(): void {
    const { timers, quietMs = 100 } = this.#options;
    this.#timer?.cancel();
    this.#timer = timers.after(quietMs, () => {
      this.#queue
        .run(() => this.#read())
        .catch((error: unknown) => this.#refuse(`the folder cannot be read: ${String(error)}`));
    });
  }

  async #read(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const before = this.#files;
    const files = await this.#readFiles(before);
    this.#files = files;
    const kept = new Map<string, string>();
    for (const [file, known] of files) {
      for (const document of known.documents) {
        const other = kept.get(document.id);
        kept.set(document.id, other ?? file);
        if (other !== undefined) {
          if (before.get(file)?.text !== known.text) {
            this.#refuse(`${file}: ${document.id} is in ${other} already`);
          }
        } else if (before.get(file)?.documents.includes(document) !== true) {
          await this.#apply(file, document);
        }
      }
    }
    for (const [file, known] of before) {
      for (const { id, object } of known.documents) {
        if (!kept.has(id)) await this.#remove(file, id, object);
        // Once is enough, should a second file have had it too.
        kept.set(id, file);
      }
    }
  }

  async #readFiles(
    before: ReadonlyMap<string, KnownFile>,
  ): Promise<ReadonlyMap<string, KnownFile>> {
    const files = new Map<string, KnownFile>();
    for (const file of await manifestNames(this.#options.folder)) {
      const text = await readFile(join(this.#options.folder, file), 'utf8').catch(() => null);
      const known = before.get(file);
      if (text === null) continue;
      files.set(file, known?.text === text ? known : this.#parsed(file, text, known));
    }
    return files;
  }

  #parsed(file: string, text: string, before: KnownFile | undefined): KnownFile {
    const documentsBefore = before?.documents ?? [];
    try {
      const documents = readManifest(text);
      if (documents.length > 0 || documentsBefore.length === 0) return { text, documents };
      this.#refuse(`${file}: there is nothing in it; remove the file to delete what it declared`);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      this.#refuse(`${file}: ${error.message}`);
    }
    return { text, documents: documentsBefore };
  }

  async #apply(file: string, { id, object }: ManifestDocument): Promise<void> {
    const kind = kindOf(object);
    if (kind === null) {
      const given = `${object.apiVersion} ${object.kind}`;
      this.#refuse(
        `${file}: kind: ${given} is not known here; allowed: odradek.dev/v1beta1 KafkaCluster and KafkaTopic, v1 ConfigMap and Secret`,
      );
      return;
    }
    try {
      const versionBefore = await this.#version(kind, object);
      const options = { fieldManager, force: true };
      const { metadata } = await this.#options.kube.apply(kind, object, options);
      const isSame = versionBefore === metadata.resourceVersion;
      const how = versionBefore === undefined ? 'created' : isSame ? 'unchanged' : 'configured';
      this.#options.onEvent({ type: 'file-applied', message: `${file}: ${id} ${how}` });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      this.#refuse(`${file}: ${id}: ${error.message}`);
    }
  }

  async #remove(file: string, id: string, object: KubeObject): Promise<void> {
    const kind = kindOf(object);
    if (kind === null) return;
    const { name, namespace = 'default' } = object.metadata;
    await this.#options.kube.remove(kind, { namespace, name });
    this.#options.onEvent({ type: 'file-removed', message: `${file}: ${id} deleted` });
  }

  async #version(kind: ResourceKind, { metadata }: KubeObject): Promise<string | undefined> {
    const { name, namespace = 'default' } = metadata;
    const live = await this.#options.kube.get(kind, { namespace, name });
    return live?.metadata.resourceVersion;
  }

  #refuse(message: string): void {
    this.#options.onEvent({ type: 'file-refused', message: message.replaceAll(/\s*\n\s*/g, ' ') });
  }
}

async function manifestNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name)).sort();
}
