/** What one broker says of the cluster: Metadata, version 1, of one topic. */

import { ask } from '../raw-request.mjs';

const apiKey = 3;
const apiVersion = 1;

/**
 * @typedef {object} TopicView
 * @property {number} brokerCount
 * @property {number} controllerId
 * @property {readonly {partition: number, leader: number, replicas: readonly number[], isr: readonly number[]}[]} partitions
 */

/** @param {number} port @param {string} topic @returns {Promise<TopicView>} */
export async function topicView(port, topic) {
  return new Reader(await ask(port, requestFor(topic))).read();
}

function requestFor(topic) {
  const client = 'bench';
  const request = Buffer.alloc(4 + 8 + 2 + client.length + 4 + 2 + topic.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(apiKey, 4);
  request.writeInt16BE(apiVersion, 6);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(client.length, 12);
  const at = 14 + request.write(client, 14, 'latin1');
  request.writeInt32BE(1, at);
  request.writeInt16BE(topic.length, at + 4);
  request.write(topic, at + 6, 'latin1');
  return request;
}

class Reader {
  #bytes;
  #at = 4;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  read() {
    const brokers = this.#array(() => [
      this.#int32(),
      this.#string(),
      this.#int32(),
      this.#string(),
    ]);
    const controllerId = this.#int32();
    const [topic] = this.#array(() => {
      this.#int16();
      this.#string();
      this.#at += 1;
      return this.#array(() => this.#partition());
    });
    return { brokerCount: brokers.length, controllerId, partitions: topic ?? [] };
  }

  #partition() {
    this.#int16();
    const [partition, leader] = [this.#int32(), this.#int32()];
    const replicas = this.#array(() => this.#int32());
    return { partition, leader, replicas, isr: this.#array(() => this.#int32()) };
  }

  #array(element) {
    return Array.from({ length: Math.max(0, this.#int32()) }, element);
  }

  #string() {
    const length = this.#int16();
    const text = this.#bytes.toString('latin1', this.#at, this.#at + Math.max(0, length));
    this.#at += Math.max(0, length);
    return text;
  }

  #int16() {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  #int32() {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }
}
