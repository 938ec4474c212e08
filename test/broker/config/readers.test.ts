/** A key that is parsed and never asked for promises what nobody keeps: see unused() for those. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { brokerKeys } from '../../../broker/config/broker-keys.ts';
import { buildBrokerConfig, configurationNotes } from '../../../broker/config/broker-config.ts';
import { buildTopicConfig } from '../../../broker/config/topic-config.ts';
import { topicKeys } from '../../../broker/config/topic-keys.ts';

async function sourcesOutsideConfig(): Promise<string> {
  const files = await readdir('broker', { recursive: true });
  const wanted = files.filter((file) => file.endsWith('.ts') && !/^config[/\\]/.test(file));
  const texts = await Promise.all(wanted.map((file) => readFile(join('broker', file), 'utf8')));
  return texts.join('\n');
}

describe('the fields of the typed configuration', () => {
  const broker = buildBrokerConfig(new Map([['zookeeper.connect', 'local:']]));

  it.each([
    ['a broker', Object.keys(broker)],
    ['a topic', Object.keys(buildTopicConfig(new Map(), broker.layers))],
  ])('of %s are all read by somebody', async (_, fields) => {
    const sources = await sourcesOutsideConfig();
    expect(fields.length).toBeGreaterThan(10);
    expect(fields.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
  });

  it('exist not for keys without effect, which the start tells of', () => {
    const withoutEffect = ['fetch.purgatory.purge.interval.requests', 'compression.lz4.level'];
    const given = new Map(withoutEffect.map((name) => [name, '1']));
    expect(configurationNotes(given).withoutEffect).toEqual(withoutEffect);
  });

  it('are in agreement between a key of topics and the key of brokers behind it', () => {
    const apart = [...topicKeys.values()].filter(
      ({ brokerKey, effect }) => brokerKey !== null && brokerKeys.get(brokerKey)?.effect !== effect,
    );
    expect(apart.map(({ name }) => name)).toEqual([]);
  });
});
