import { describe, expect, it } from '@jest/globals';
import { TaskLimit } from '../../../broker/platform/task-limit.ts';

/** A task that ends when the test says so. */
function held(): { readonly task: () => Promise<void>; readonly end: () => void; begun: boolean } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const item = {
    begun: false,
    end,
    task: () => {
      item.begun = true;
      return ended;
    },
  };
  return item;
}

describe('a limit of tasks', () => {
  it('lets the next one begin when one has ended, in the order of their coming', async () => {
    const limit = new TaskLimit(2);
    const items = [held(), held(), held(), held()];
    const runs = items.map(({ task }) => limit.run(task));
    expect(items.map(({ begun }) => begun)).toEqual([true, true, false, false]);
    expect(limit.tryEnter()).toBe(false);
    items[1]?.end();
    await runs[1];
    await Promise.resolve();
    expect(items.map(({ begun }) => begun)).toEqual([true, true, true, false]);
    for (const { end } of items) end();
    await Promise.all(runs);
    expect(limit.tryEnter()).toBe(true);
    expect(limit.tryEnter()).toBe(true);
    expect(limit.tryEnter()).toBe(false);
    limit.leave();
    expect(limit.tryEnter()).toBe(true);
  });

  it('goes on after a task that fails', async () => {
    const limit = new TaskLimit(1);
    await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(limit.run(() => 1)).resolves.toBe(1);
  });
});
