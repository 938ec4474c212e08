/**
 * InitProducerId: an id for an idempotent producer. Versions and errors: see
 * messages/init-producer-id.ts. Transactional ids need a transaction coordinator, which this broker
 * has not yet: they get NOT_COORDINATOR.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf } from '../../model/kafka-error.ts';
import type { Logger } from '../../platform/logger.ts';
import { initProducerId } from '../../protocol/messages/init-producer-id.ts';
import type { ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface InitProducerIdPorts {
  /** A producer id that nobody in the cluster was given before. */
  readonly nextProducerId: () => Promise<bigint>;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

export function initProducerIdHandler(ports: InitProducerIdPorts): ApiHandler {
  const { authorizer, logger } = ports;
  return serve(initProducerId, [0, 5], async (context, request) => {
    if (request.transactionalId !== null) return failure(ErrorCodes.NOT_COORDINATOR);
    if (!authorizer.authorize(context, 'IDEMPOTENT_WRITE', clusterResource)) {
      return failure(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED);
    }
    try {
      const producerId = await ports.nextProducerId();
      return { throttleTimeMs: 0, errorCode: ErrorCodes.NONE, producerId, producerEpoch: 0 };
    } catch (error) {
      logger.warn({ err: error }, 'no producer id could be had');
      const code = errorCodeOf(error);
      return failure(code === -1 ? ErrorCodes.COORDINATOR_NOT_AVAILABLE : code);
    }
  });
}

function failure(errorCode: number): ResponseOf<typeof initProducerId> {
  return { throttleTimeMs: 0, errorCode, producerId: -1n, producerEpoch: -1 };
}
