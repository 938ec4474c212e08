/**
 * Hosts for the servers of a test. Each is a network namespace on a bridge, which has a namespace of its own, so
 * that nothing of the machine's network is changed but for one interface that leads the test in; it goes with the
 * bridge. Where namespaces may not be made hosts are addresses of loopback, and nothing can be cut.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { runOrThrow } from '../../support/child.ts';
import { note } from './run-folder.mjs';

export interface Host {
  readonly name: string;
  readonly address: string;
  /** What a command is to begin with to run on this host. */
  readonly enter: readonly string[];
}

export class TestNetwork {
  readonly canCut: boolean;
  readonly #hosts = new Map<string, Host>();
  /** Of the namespaces; an interface has at most 15 characters. */
  readonly #prefix: string;
  readonly #subnet: string;
  readonly #runFolder: string;

  private constructor(runFolder: string, canCut: boolean) {
    this.#runFolder = runFolder;
    this.canCut = canCut;
    this.#prefix = `odr${randomInt(0x10_0000, 0x100_0000).toString(16)}`;
    this.#subnet = canCut ? unusedSubnet() : `127.18.${String(randomInt(1, 255))}`;
  }

  /** `names` in order get the addresses 11, 12, 13... */
  static async make(
    names: readonly string[],
    given: { readonly runFolder: string; readonly canCut: boolean },
  ): Promise<TestNetwork> {
    const network = new TestNetwork(given.runFolder, given.canCut);
    if (network.canCut) await network.#makeBridge();
    for (const [index, name] of names.entries()) await network.#addHost(name, 11 + index);
    return network;
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    assert(host !== undefined, `there is a host ${name}`);
    return host;
  }

  /** One way: what `from` sends never arrives at `to`. */
  async cut(from: string, to: string): Promise<void> {
    const { address } = this.host(from);
    await this.#filter(to, ['-A', 'INPUT', '-s', address, '-j', 'DROP']);
  }

  async cutBothWays(one: string, other: string): Promise<void> {
    await this.cut(one, other);
    await this.cut(other, one);
  }

  /** All that was cut. */
  async heal(): Promise<void> {
    for (const name of this.#hosts.keys()) await this.#filter(name, ['-F', 'INPUT']);
  }

  async remove(): Promise<void> {
    if (!this.canCut) return;
    for (const name of [...this.#hosts.keys(), bridge]) {
      await ip('netns', 'delete', this.#namespace(name));
    }
    this.#hosts.clear();
  }

  async #filter(name: string, rule: readonly string[]): Promise<void> {
    assert(this.canCut, 'this network can be cut');
    await ip('netns', 'exec', this.#namespace(name), 'iptables', '-w', ...rule);
  }

  async #makeBridge(): Promise<void> {
    const namespace = await this.#addNamespace(bridge);
    await ip('-n', namespace, 'link', 'add', bridge, 'type', 'bridge');
    await ip('-n', namespace, 'link', 'set', bridge, 'up');
    await ip('link', 'add', this.#prefix, 'type', 'veth', 'peer', 'test', 'netns', namespace);
    await ip('-n', namespace, 'link', 'set', 'test', 'master', bridge, 'up');
    await ip('address', 'add', `${this.#subnet}.1/24`, 'dev', this.#prefix);
    await ip('link', 'set', this.#prefix, 'up');
  }

  async #addHost(name: string, number: number): Promise<void> {
    const address = `${this.#subnet}.${String(number)}`;
    if (!this.canCut) {
      this.#hosts.set(name, { name, address, enter: [] });
      return;
    }
    const namespace = await this.#addNamespace(name);
    const ofBridge = this.#namespace(bridge);
    await ip(
      '-n',
      namespace,
      'link',
      'add',
      'eth0',
      'type',
      'veth',
      'peer',
      name,
      'netns',
      ofBridge,
    );
    await ip('-n', ofBridge, 'link', 'set', name, 'master', bridge, 'up');
    await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    // Replaces `ip` and becomes the command, so that signals reach it.
    this.#hosts.set(name, { name, address, enter: ['ip', 'netns', 'exec', namespace] });
  }

  async #addNamespace(name: string): Promise<string> {
    const namespace = this.#namespace(name);
    note(this.#runFolder, 'namespaces', namespace);
    await ip('netns', 'add', namespace);
    return namespace;
  }

  #namespace(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

const bridge = 'bridge';

/** Of 198.18.0.0/15, which is set aside for tests and is routed nowhere. */
function unusedSubnet(): string {
  const used = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  for (;;) {
    const subnet = `198.18.${String(randomInt(1, 255))}`;
    if (!used.some(({ address }) => address.startsWith(`${subnet}.`))) return subnet;
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await runOrThrow({ command: 'ip', args, limitMs: 10_000 });
}
