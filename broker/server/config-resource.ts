/** The kinds of resources that have a configuration, by their codes in requests. */
export const ResourceTypes = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8 } as const;
