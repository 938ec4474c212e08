/** All ports together: what a broker needs of the world. */

import type { Clock } from './clock.ts';
import type { FileSystem } from './file-system.ts';
import type { ServeHttp } from './http-server.ts';
import type { IsResident, Sendfile } from './libc.ts';
import type { Logger } from './logger.ts';
import type { Random } from './random.ts';
import type { Sockets } from './socket.ts';
import type { Timers } from './timers.ts';
import type { Workers } from './workers.ts';

export interface Platform {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly fileSystem: FileSystem;
  readonly sockets: Sockets;
  readonly serveHttp: ServeHttp;
  readonly logger: Logger;
  /** Closed by the broker when it stops. */
  readonly workers: Workers;
  /** Null where files can only be sent by way of memory. */
  readonly sendfile: Sendfile | null;
  /** Asked where there is a sendfile. */
  readonly isResident: IsResident;
  /** This machine's name, advertised where nothing else is. */
  readonly hostName: string;
}
