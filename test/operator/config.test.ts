import { describe, expect, it } from '@jest/globals';

import { defaultImages, operatorConfig } from '../../operator/config.ts';

describe('The settings of the operator', () => {
  it('have defaults', () => {
    expect(operatorConfig([], {})).toEqual({ images: defaultImages, logLevel: 'info' });
  });

  it('come from the environment, and from flags before it', () => {
    const env = { ODRADEK_NAMESPACE: 'kafka', ODRADEK_BROKER_IMAGE: 'mine:1' };
    expect(operatorConfig(['--broker-image', 'mine:2'], env)).toMatchObject({
      namespace: 'kafka',
      images: { broker: 'mine:2', zookeeper: defaultImages.zookeeper },
    });
  });

  it.each([
    [['--log-level', 'loud'], '--log-level: loud is not allowed'],
    [['--nonsense'], '--nonsense'],
  ])('refuse %j', (argv, message) => {
    expect(() => operatorConfig(argv, {})).toThrow(message);
  });
});
