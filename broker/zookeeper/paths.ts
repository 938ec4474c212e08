/**
 * Every path that the broker reads or writes in ZooKeeper, below the chroot: the layout of Apache
 * Kafka 2.8 to 3.9 in ZooKeeper mode. Names of users and clients are percent-encoded in paths;
 * topics, broker ids and `<default>` stand as they are.
 */

/** Names the entity that stands for all others of its type. */
const DEFAULT_ENTITY = '<default>';

export type ConfigEntityType = 'topics' | 'brokers' | 'clients' | 'users' | 'ips';

export const paths = {
  consumers: '/consumers',
  brokerIds: '/brokers/ids',
  brokerSequence: '/brokers/seqid',
  topics: '/brokers/topics',
  controller: '/controller',
  controllerEpoch: '/controller_epoch',
  configs: '/config',
  configChanges: '/config/changes',
  configChangePrefix: '/config/changes/config_change_',
  deleteTopics: '/admin/delete_topics',
  reassignPartitions: '/admin/reassign_partitions',
  preferredElection: '/admin/preferred_replica_election',
  isrChanges: '/isr_change_notification',
  isrChangePrefix: '/isr_change_notification/isr_change_',
  logDirEvents: '/log_dir_event_notification',
  logDirEventPrefix: '/log_dir_event_notification/log_dir_event_',
  producerIdBlock: '/latest_producer_id_block',
  clusterId: '/cluster/id',
  feature: '/feature',
  /** Of our own: brokers that may have lost records, see controller/unclean-starts.ts. */
  uncleanStarts: '/odradek/unclean',
} as const;

/**
 * What the first broker makes, in Kafka's order; parents come with their children. Not among them:
 * /latest_producer_id_block, see znodes/producer-id-block.ts.
 */
export const persistentPaths: readonly string[] = [
  paths.consumers,
  paths.brokerIds,
  paths.topics,
  paths.configChanges,
  paths.deleteTopics,
  paths.brokerSequence,
  paths.isrChanges,
  paths.logDirEvents,
  '/config/topics',
  '/config/clients',
  '/config/users',
  '/config/brokers',
  '/config/ips',
];

export function brokerPath(brokerId: number): string {
  return `${paths.brokerIds}/${String(brokerId)}`;
}

export function uncleanStartPath(brokerId: number): string {
  return `${paths.uncleanStarts}/${String(brokerId)}`;
}

export function topicPath(topic: string): string {
  return `${paths.topics}/${topic}`;
}

export function partitionsPath(topic: string): string {
  return `${topicPath(topic)}/partitions`;
}

export function partitionPath(topic: string, partition: number): string {
  return `${partitionsPath(topic)}/${String(partition)}`;
}

export function partitionStatePath(topic: string, partition: number): string {
  return `${partitionPath(topic, partition)}/state`;
}

export function deleteTopicPath(topic: string): string {
  return `${paths.deleteTopics}/${topic}`;
}

export function configTypePath(type: ConfigEntityType): string {
  return `${paths.configs}/${type}`;
}

/** The entity is given as it stands in the path: see topicEntity() and its neighbours. */
export function configPath(entityPath: string): string {
  return `${paths.configs}/${entityPath}`;
}

export function topicEntity(topic: string): string {
  return `topics/${topic}`;
}

/** `null` is the default of all brokers. */
export function brokerEntity(brokerId: number | null): string {
  return `brokers/${brokerId === null ? DEFAULT_ENTITY : String(brokerId)}`;
}

export function userEntity(user: string | null): string {
  return `users/${encodeEntityName(user)}`;
}

export function clientEntity(clientId: string | null): string {
  return `clients/${encodeEntityName(clientId)}`;
}

export function userClientEntity(user: string | null, clientId: string | null): string {
  return `${userEntity(user)}/${clientEntity(clientId)}`;
}

export function ipEntity(ip: string | null): string {
  return `ips/${ip ?? DEFAULT_ENTITY}`;
}

/**
 * Percent-encodes as Kafka's Sanitizer does: UTF-8 bytes, unreserved are letters, digits and
 * `-._`; everything else, `*` and `~` included, becomes %XX.
 */
export function encodeEntityName(name: string | null): string {
  if (name === null) return DEFAULT_ENTITY;
  return encodeURIComponent(name).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The inverse; null for `<default>`. A name that is not valid percent-encoding is taken as it is. */
export function decodeEntityName(segment: string): string | null {
  if (segment === DEFAULT_ENTITY) return null;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
