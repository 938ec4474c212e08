/** Reads from a socket until so many bytes have come, then reads no more. */

import type { Socket } from 'node:net';

export function readFrom(socket: Socket, size: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const onData = (data: Buffer): void => {
      seen += data.length;
      if (seen < size) return;
      socket.off('data', onData);
      socket.pause();
      resolve();
    };
    socket.on('data', onData);
  });
}
