/** KAFKA_CREATE_TOPICS: `name:partitions:replicas[:cleanup.policy]`, several with a separator. */

import { PARTITIONS_PER_TOPIC_MAX } from '../model/topic-partition.ts';

export interface TopicToCreate {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** `cleanup.policy`, or nothing. */
  readonly config: ReadonlyMap<string, string>;
}

export interface CreateTopics {
  readonly topics: readonly TopicToCreate[];
  /** Each a whole line. */
  readonly problems: readonly string[];
}

/**
 * `separator` may be written as a shell writes it: `$'\n'`, `\n`. Blanks around a topic and empty
 * ones between separators are no topics.
 */
export function parseCreateTopics(text: string, separator = ','): CreateTopics {
  const topics: TopicToCreate[] = [];
  const problems: string[] = [];
  for (const element of text.split(separatorOf(separator))) {
    const definition = element.trim();
    if (definition === '') continue;
    const parsed = parseTopic(definition);
    if (typeof parsed === 'string') problems.push(parsed);
    else topics.push(parsed);
  }
  return { topics, problems };
}

function separatorOf(text: string): string {
  const quoted = /^\$'([^]*)'$/.exec(text)?.[1] ?? text;
  const separator = quoted.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
  return separator === '' ? ',' : separator;
}

/** The text: what is wrong. */
function parseTopic(definition: string): TopicToCreate | string {
  const match = /^([A-Za-z0-9._-]{1,249}):([1-9]\d{0,8}):([1-9]\d{0,4})(?::([a-z, ]*))?$/.exec(
    definition,
  );
  const [, name, partitions, replicas, policy = ''] = match ?? [];
  const policies = policy.split(',').map((part) => part.trim());
  const known = policy === '' || policies.every((part) => part === 'delete' || part === 'compact');
  if (name === undefined || name === '.' || name === '..' || !known) {
    return (
      `Invalid value ${definition} in KAFKA_CREATE_TOPICS: expected ` +
      'name:partitions:replicas[:cleanup.policy], such as orders:12:3 or settings:1:3:compact'
    );
  }
  if (Number(partitions) > PARTITIONS_PER_TOPIC_MAX) {
    return (
      `Invalid value ${definition} in KAFKA_CREATE_TOPICS: a topic has at most ` +
      `${String(PARTITIONS_PER_TOPIC_MAX)} partitions`
    );
  }
  return {
    name,
    partitions: Number(partitions),
    replicationFactor: Number(replicas),
    config: new Map(policy === '' ? [] : [['cleanup.policy', policies.join(',')]]),
  };
}
