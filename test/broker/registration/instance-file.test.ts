import { describe, expect, it } from '@jest/globals';
import type { Instance } from '../../../broker/registration/instance-file.ts';
import { InstanceFile } from '../../../broker/registration/instance-file.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

const PATH = '/instance.json';

describe('the instance file', () => {
  it('is waited for, followed, and said once to be unusable', async () => {
    const time = new ManualTime();
    const files = new MemoryFileSystem(time);
    const log = new CollectingLogger();
    const seen: Instance[] = [];
    const file = new InstanceFile({ path: PATH, fileSystem: files, timers: time, logger: log });
    file.start((instance) => seen.push(instance));
    await time.advance(5000);
    expect(log.alarms).toHaveLength(1);
    await write(files, content(1, 'first'));
    await time.advance(5000);
    await write(files, '{"generation": 2, "list');
    await time.advance(5000);
    expect(log.alarms).toHaveLength(2);
    await write(files, content(3, 'third'));
    await time.advance(5000);
    expect(seen.map(({ generation, listeners }) => [generation, listeners[0]?.host])).toEqual([
      [1, 'first'],
      [3, 'third'],
    ]);
    file.stop();
    await write(files, content(4, 'fourth'));
    await time.advance(5000);
    expect(seen).toHaveLength(2);
    expect(time.count).toBe(0);
  });

  it.each([
    ['[]', /not a JSON object/],
    ['{"listeners": 1}', /listeners is not a list/],
    ['{"listeners": [], "rack": 7}', /rack is not text/],
    ['{"listeners": [], "generation": "x"}', /generation is not a number/],
    ['{"listeners": ["x"]}', /a listener is not an object/],
    ['{"listeners": [{"name": "A", "host": "h"}]}', /lacks name, host or port/],
  ])('that holds %s is not used, with a line that says what is wrong', async (text, words) => {
    const time = new ManualTime();
    const files = new MemoryFileSystem(time);
    const log = new CollectingLogger();
    const seen: Instance[] = [];
    await write(files, text);
    const file = new InstanceFile({ path: PATH, fileSystem: files, timers: time, logger: log });
    file.start((instance) => seen.push(instance));
    await time.advance(1);
    file.stop();
    expect(seen).toEqual([]);
    expect(log.alarms.map(({ fields }) => fields['reason'])).toEqual([
      expect.stringMatching(words),
    ]);
  });
});

function content(generation: number, host: string): string {
  const listeners = [{ name: 'PLAINTEXT', host, port: 9092 }];
  return JSON.stringify({ generation, rack: 'zone-1', listeners });
}

async function write(files: MemoryFileSystem, text: string): Promise<void> {
  const handle = await files.open(PATH, 'write');
  await handle.truncate(0);
  await handle.write([Buffer.from(text)], 0);
  await handle.close();
}
