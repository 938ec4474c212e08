/** One request on a connection of its own, without a client library's caches and retries. */

import { connect } from 'node:net';

import { host } from './server.mjs';

const answerLimitMs = 30_000;

/**
 * @param {number} port
 * @param {Buffer} request with its size
 * @returns {Promise<Buffer>} the answer without its size
 */
export function ask(port, request) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const parts = [];
    let size = 0;
    socket.setTimeout(answerLimitMs, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(request));
    socket.on('data', (data) => {
      parts.push(data);
      size += data.length;
      const received = size < 4 ? null : Buffer.concat(parts);
      if (received === null || size < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(4));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}
