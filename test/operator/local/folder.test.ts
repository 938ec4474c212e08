import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { systemTimers } from '../../../broker/platform/timers.ts';
import { kafkaTopics } from '../../../operator/kube/resources.ts';
import type { FolderEvent } from '../../../operator/local/folder.ts';
import { Folder } from '../../../operator/local/folder.ts';
import type { ObjectStore } from '../../../operator/local/store/object-store.ts';
import type { Scratch } from './scratch.ts';
import { newStore, scratchFolder } from './scratch.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(60_000);

const topic = (name: string, spec = 'partitions: 3'): string => `
apiVersion: odradek.dev/v1beta1
kind: KafkaTopic
metadata: {name: ${name}}
spec: {clusterRef: {name: demo}, ${spec}}
`;

/** Events in their order, taken one by one. */
class Events {
  readonly #waiting: ((event: FolderEvent) => void)[] = [];
  readonly #events: FolderEvent[] = [];

  readonly add = (event: FolderEvent): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  };

  async next(): Promise<string> {
    const event =
      this.#events.shift() ??
      (await new Promise<FolderEvent>((resolve) => this.#waiting.push(resolve)));
    return `${event.type} ${event.message}`;
  }
}

describe('The folder of local mode', () => {
  let scratch: Scratch;
  let store: ObjectStore;
  let events: Events;
  let folder: Folder;
  const write = (name: string, text: string): void =>
    writeFileSync(join(scratch.folder, name), text);
  beforeEach(() => {
    scratch = scratchFolder();
    store = newStore();
    events = new Events();
    folder = new Folder({
      folder: scratch.folder,
      kube: store,
      timers: systemTimers,
      onEvent: events.add,
      quietMs: 20,
    });
  });
  afterEach(async () => {
    await folder.stop();
    store.close();
    scratch.remove();
  });
  const partitions = async (name: string): Promise<unknown> => {
    const live = await store.get(kafkaTopics, { namespace: 'default', name });
    return live === null ? null : live.spec;
  };

  it('applies every document of every file at the start', async () => {
    write('b.yaml', `${topic('one')}---\n---\n${topic('two')}`);
    write('a.json', JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [] }));
    write('notes.txt', 'not: [yaml');
    await folder.start();
    expect(await events.next()).toBe('file-applied b.yaml: KafkaTopic one created');
    expect(await events.next()).toBe('file-applied b.yaml: KafkaTopic two created');
    expect(await partitions('two')).toMatchObject({ partitions: 3 });
  });

  it('applies a file that is saved, also by an editor that renames', async () => {
    write('a.yaml', topic('one'));
    await folder.start();
    await events.next();
    write('a.yaml', topic('one', 'partitions: 4'));
    expect(await events.next()).toBe('file-applied a.yaml: KafkaTopic one configured');
    write('.a.yaml.swp', topic('one', 'partitions: 5'));
    renameSync(join(scratch.folder, '.a.yaml.swp'), join(scratch.folder, 'a.yaml'));
    expect(await events.next()).toBe('file-applied a.yaml: KafkaTopic one configured');
    expect(await partitions('one')).toMatchObject({ partitions: 5 });
  });

  it('deletes what is taken out of a file, and what was in a file that is removed', async () => {
    write('a.yaml', `${topic('one')}---${topic('two')}`);
    await folder.start();
    await events.next();
    await events.next();
    write('a.yaml', topic('two'));
    expect(await events.next()).toBe('file-applied a.yaml: KafkaTopic two unchanged');
    expect(await events.next()).toBe('file-removed a.yaml: KafkaTopic one deleted');
    rmSync(join(scratch.folder, 'a.yaml'));
    expect(await events.next()).toBe('file-removed a.yaml: KafkaTopic two deleted');
    expect(await partitions('two')).toBeNull();
  });

  it('keeps an object that only moves to another file', async () => {
    write('a.yaml', topic('one'));
    await folder.start();
    await events.next();
    const before = await store.get(kafkaTopics, { namespace: 'default', name: 'one' });
    renameSync(join(scratch.folder, 'a.yaml'), join(scratch.folder, 'b.yaml'));
    expect(await events.next()).toBe('file-applied b.yaml: KafkaTopic one unchanged');
    const after = await store.get(kafkaTopics, { namespace: 'default', name: 'one' });
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('says in one line which file, field and value is refused and what is allowed', async () => {
    write('a.yaml', topic('one', 'partitions: 0'));
    await folder.start();
    const line = await events.next();
    expect(line).toContain('file-refused a.yaml: KafkaTopic one: spec.partitions: 0');
    expect(line).toContain('allowed: at least 1');
    expect(line).not.toContain('\n');
  });

  it('refuses what is no YAML or no object, and leaves what it declared before alone', async () => {
    write('a.yaml', topic('one'));
    await folder.start();
    await events.next();
    write('a.yaml', 'spec: [1, 2');
    expect(await events.next()).toMatch(/^file-refused a.yaml: line \d+: /);
    write('a.yaml', 'kind: KafkaTopic\nmetadata: {name: one}\n');
    expect(await events.next()).toMatch(/^file-refused a.yaml: apiVersion: /);
    write('a.yaml', '');
    expect(await events.next()).toBe(
      'file-refused a.yaml: there is nothing in it; remove the file to delete what it declared',
    );
    expect(await partitions('one')).toMatchObject({ partitions: 3 });
  });

  it('refuses a kind that it does not know and an object that another file has', async () => {
    write('a.yaml', topic('one'));
    write('b.yaml', topic('one', 'partitions: 9'));
    write('c.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n');
    await folder.start();
    expect(await events.next()).toBe('file-applied a.yaml: KafkaTopic one created');
    expect(await events.next()).toBe('file-refused b.yaml: KafkaTopic one is in a.yaml already');
    expect(await events.next()).toMatch(/^file-refused c.yaml: kind: apps\/v1 Deployment/);
    expect(await partitions('one')).toMatchObject({ partitions: 3 });
  });

  it('fails to start where there is no folder', async () => {
    const none = new Folder({
      folder: join(scratch.folder, 'none'),
      kube: store,
      timers: systemTimers,
      onEvent: events.add,
    });
    await expect(none.start()).rejects.toThrow(/ENOENT/);
    mkdirSync(join(scratch.folder, 'none'));
    await none.stop();
  });
});
