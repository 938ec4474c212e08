/**
 * Brokers that come, go and change their addresses. A registration with another epoch is a broker
 * that went and came. Owned by the controller, in whose queue everything here runs.
 */

import { brokerPath } from '../../zookeeper/paths.ts';
import type { StandingWatch } from '../../zookeeper/watches.ts';
import { watchData } from '../../zookeeper/watches.ts';
import { decodeBrokerRegistration } from '../../zookeeper/znodes/broker-registration.ts';
import type { LiveBroker } from '../context.ts';
import type { Term } from '../term.ts';
import { ignoreUnreadable } from './ignore-unreadable.ts';

export class BrokerChanges {
  readonly #term: Term;
  readonly #watches = new Map<number, StandingWatch>();

  constructor(term: Term) {
    this.#term = term;
  }

  /** The names below /brokers/ids. */
  async onBrokers(names: readonly string[]): Promise<void> {
    const { context } = this.#term;
    const found = await Promise.all(names.map((name) => this.#read(Number(name))));
    const live = new Map(found.flatMap((broker) => (broker === null ? [] : [[broker.id, broker]])));
    const gone = [...context.brokers.keys()].filter((id) => !live.has(id));
    const joined = [...live.values()].filter(
      (broker) => context.brokers.get(broker.id)?.epoch !== broker.epoch,
    );
    const restarted = joined.filter((broker) => context.isAlive(broker.id));
    await this.#remove([...gone, ...restarted.map(({ id }) => id)]);
    await this.#add(joined);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }

  async #remove(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { context, channels, leadership, announcer, logger } = this.#term;
    logger.info({ brokers: ids }, 'brokers left');
    for (const id of ids) {
      context.removeBroker(id);
      channels.close(id);
      this.#watches.get(id)?.stop();
      this.#watches.delete(id);
    }
    const hosted = context.hostedBy(ids);
    announcer.tellReplicas(await leadership.settle(hosted));
    announcer.sendMetadata(hosted);
  }

  async #add(brokers: readonly LiveBroker[]): Promise<void> {
    if (brokers.length === 0) return;
    const { context, channels, partitions, leadership, uncleanStarts, announcer } = this.#term;
    const ids = brokers.map(({ id }) => id);
    this.#term.logger.info({ brokers: ids }, 'brokers joined');
    for (const broker of brokers) {
      context.brokers.set(broker.id, broker);
      channels.open(broker);
      this.#watch(broker.id);
    }
    await uncleanStarts.read(ids);
    const hosted = context.hostedBy(ids);
    const created = await partitions.create(hosted);
    const settled = await leadership.settle(hosted);
    announcer.announce([...created, ...settled], { created, joined: new Set(ids) });
    await this.#term.deletion.retry();
  }

  /** A broker that changes its listeners sets the data of its node: its epoch stays. */
  #watch(id: number): void {
    const { session, events } = this.#term;
    const onData = (): Promise<void> => events.run(() => this.#onChanged(id));
    const watch = watchData(session, brokerPath(id), onData, (error) => events.fail(error));
    this.#watches.set(id, watch);
  }

  async #onChanged(id: number): Promise<void> {
    const { context, channels, announcer, deletion } = this.#term;
    const broker = await this.#read(id);
    const known = context.brokers.get(id);
    if (broker === null || known?.epoch !== broker.epoch) return;
    if (broker.version === known.version) return;
    context.brokers.set(id, broker);
    // What waited for the old address is lost with its channel, so the broker is told all anew.
    channels.open(broker);
    announcer.announce([], { joined: new Set([id]) });
    await deletion.retry();
  }

  async #read(id: number): Promise<LiveBroker | null> {
    const path = brokerPath(id);
    const node = await this.#term.session.get(path);
    if (node?.data == null) return null;
    const { czxid: epoch, version } = node.stat;
    try {
      return { id, epoch, version, registration: decodeBrokerRegistration(node.data, path) };
    } catch (error) {
      ignoreUnreadable(error, this.#term.logger);
      return null;
    }
  }
}
