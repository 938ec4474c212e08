import type { Logger } from '../../platform/logger.ts';
import { ZnodeFormatError } from '../../zookeeper/znodes/json.ts';

/** One znode that somebody spoiled must not leave the cluster without a controller. */
export function ignoreUnreadable(error: unknown, logger: Logger): void {
  if (!(error instanceof ZnodeFormatError)) throw error;
  logger.error({ err: error }, 'a znode is ignored');
}
