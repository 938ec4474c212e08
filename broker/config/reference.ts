/** The configuration reference of the documentation, generated from the tables of keys. */

import { brokerKeys } from './broker-keys.ts';
import type { ConfigKey, TopicKey } from './config-key.ts';
import { topicKeys } from './topic-keys.ts';

/** Markdown. Ends with a line break. */
export function configurationReference(): string {
  const broker = [...brokerKeys.values()];
  const used = broker.filter(({ effect }) => effect);
  const unused = broker.filter(({ effect }) => !effect);
  return [
    '# Configuration reference',
    '',
    'Generated from the tables in broker/config by `npm run generate`.',
    '',
    '## Broker',
    '',
    'Read-only keys need a restart; the others may be changed at run time, for one broker',
    '(per-broker) or for all of them (cluster-wide).',
    '',
    ...table(
      ['Key', 'Type', 'Default', 'Allowed', 'Scope', 'Meaning'],
      used.map((key) => [
        code(key.name),
        key.type,
        standing(key),
        key.allowed.description,
        key.scope,
        key.documentation,
      ]),
    ),
    '',
    '## Topic',
    '',
    'Where a topic says nothing, the key of the broker counts.',
    '',
    ...table(
      ['Key', 'Type', 'Default', 'Allowed', 'Key of the broker', 'Meaning'],
      [...topicKeys.values()].map((key) => topicRow(key)),
    ),
    '',
    '## Accepted without effect',
    '',
    'Keys of Kafka that a broker starts with, saying so in one line of its log.',
    '',
    unused
      .map(({ name }) => code(name))
      .sort()
      .join(', '),
    '',
  ].join('\n');
}

function topicRow(key: TopicKey): readonly string[] {
  return [
    code(key.name),
    key.type,
    code(key.default ?? ''),
    key.allowed.description,
    key.brokerKey === null ? '' : code(key.brokerKey),
    key.effect ? key.documentation : `${key.documentation} No effect.`,
  ];
}

/** The default, or the keys that stand in. */
function standing(key: ConfigKey): string {
  if (key.default !== null) return code(key.default);
  return key.fallbacks.map(({ name }) => code(name)).join(', ');
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
