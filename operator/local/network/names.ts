/**
 * Replaces the names that a cluster's DNS knows by loopback addresses, in any text: those of Services
 * (`demo-bootstrap.default.svc`) and of the pods of StatefulSets (`demo-broker-0.demo-broker...`). A
 * Service's name without a namespace counts only before a port, for else it may be any word.
 */

import type { AddressBook } from './addresses.ts';

/** What of the object store names depend on. */
export interface KnownNames {
  hasService(namespace: string, name: string): boolean;
  /** The governing Service of the StatefulSet of this name; null: there is none. */
  serviceOfSet(namespace: string, set: string): string | null;
}

const word = /(?<![\w.-])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?![\w-])/g;
const bareBeforePort = /^:\d/;

export class Names {
  readonly #addresses: AddressBook;
  readonly #known: KnownNames;

  constructor(addresses: AddressBook, known: KnownNames) {
    this.#addresses = addresses;
    this.#known = known;
  }

  /** The text as a pod of `namespace` would mean it. */
  resolve(text: string, namespace: string): string {
    return text.replaceAll(word, (name, offset: number) => {
      const isBare = !name.includes('.');
      if (isBare && !bareBeforePort.test(text.slice(offset + name.length))) return name;
      return this.#addressOf(name, namespace) ?? name;
    });
  }

  #addressOf(name: string, namespace: string): string | null {
    const [first = '', second, third, ...rest] = withoutSuffix(name).split('.');
    if (rest.length > 0) return null;
    if (second === undefined) return this.#service(namespace, first);
    if (third !== undefined) return this.#pod(third, first, second);
    return this.#pod(namespace, first, second) ?? this.#service(second, first);
  }

  #service(namespace: string, name: string): string | null {
    if (!this.#known.hasService(namespace, name)) return null;
    return this.#addresses.ofService(namespace, name);
  }

  #pod(namespace: string, pod: string, service: string): string | null {
    const set = /^(.+)-\d+$/.exec(pod)?.[1];
    if (set === undefined || this.#known.serviceOfSet(namespace, set) !== service) return null;
    return this.#addresses.ofPod(namespace, pod);
  }
}

function withoutSuffix(name: string): string {
  return name.replace(/\.svc(\.cluster\.local)?$/, '');
}
