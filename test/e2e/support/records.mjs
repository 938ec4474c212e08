/**
 * Runs in a broker's pod, where kafkajs is, as `node --input-type=module - BOOTSTRAP TOPIC produce|consume TEXT...`.
 * Produces each text with itself as its key, or reads the topic from its beginning until each was there.
 */

import process from 'node:process';

import kafkajs from 'kafkajs';

const [bootstrap, topic, action, ...texts] = process.argv.slice(2);
const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR });
const result = action === 'produce' ? await produce() : await consume();
console.log(JSON.stringify(result));

async function produce() {
  const producer = kafka.producer();
  await producer.connect();
  const messages = texts.map((text) => ({ key: text, value: text }));
  const written = await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();
  return written.map(({ partition, baseOffset }) => ({ partition, baseOffset }));
}

async function consume() {
  const consumer = kafka.consumer({ groupId: `readers-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const missing = new Set(texts);
  const read = [];
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          const value = message.value.toString();
          read.push({ partition, offset: message.offset, value });
          missing.delete(value);
          if (missing.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return read;
}
