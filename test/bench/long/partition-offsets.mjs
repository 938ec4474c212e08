/**
 * When does a broker serve all its partitions? ListOffsets (version 1) names every one of them and is answered
 * by their leader alone, so no error in it means: recovered, led, and readable up to the offsets given.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { ask } from '../raw-request.mjs';

const apiKey = 2;
const apiVersion = 1;
const latest = -1n;
const pauseMs = 10;
/** Pauses last so many times as long as the answer before them: the broker has other things to do. */
const pauseShare = 3;

/**
 * @param {number} port
 * @param {{topic: string, count: number, limitMs: number}} options
 * @returns {Promise<number>} the sum of their end offsets, once all of them answer without an error
 */
export async function allPartitionsServed(port, { topic, count, limitMs }) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const askedAt = performance.now();
    const answer = await ask(port, requestOf(topic, count)).catch((error) => error.message);
    const found = typeof answer === 'string' ? answer : readAnswer(answer, count);
    if (typeof found === 'number') return found;
    if (performance.now() > deadline)
      throw new Error(`not all of ${count} partitions after ${limitMs / 1000} s: ${found}`);
    await sleep(Math.max(pauseMs, pauseShare * (performance.now() - askedAt)));
  }
}

function requestOf(topic, count) {
  const client = 'bench';
  const head = Buffer.alloc(4 + 8 + 2 + client.length + 8 + 2 + topic.length + 4);
  let at = 4;
  at = head.writeInt16BE(apiKey, at);
  at = head.writeInt16BE(apiVersion, at);
  at = head.writeInt32BE(1, at);
  at = writeString(head, client, at);
  at = head.writeInt32BE(-1, at);
  at = head.writeInt32BE(1, at);
  at = writeString(head, topic, at);
  head.writeInt32BE(count, at);
  const partitions = Buffer.alloc(12 * count);
  for (let index = 0; index < count; index++) {
    partitions.writeInt32BE(index, 12 * index);
    partitions.writeBigInt64BE(latest, 12 * index + 4);
  }
  head.writeInt32BE(head.length - 4 + partitions.length, 0);
  return Buffer.concat([head, partitions]);
}

function writeString(target, text, at) {
  const next = target.writeInt16BE(text.length, at);
  return next + target.write(text, next, 'latin1');
}

/** @returns {number | string} the sum of the offsets, or what is wrong with one of the partitions */
function readAnswer(answer, count) {
  let at = 4 + 4;
  at += 2 + answer.readInt16BE(at);
  const answered = answer.readInt32BE(at);
  at += 4;
  if (answered !== count) return `${answered} partitions are in the answer`;
  let sum = 0;
  for (let index = 0; index < answered; index++, at += 22) {
    const code = answer.readInt16BE(at + 4);
    if (code !== 0) return `error ${code} for partition ${answer.readInt32BE(at)}`;
    sum += Number(answer.readBigInt64BE(at + 14));
  }
  return sum;
}
