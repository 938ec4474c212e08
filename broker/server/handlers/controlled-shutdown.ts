/**
 * ControlledShutdown: a broker asks the controller to take its leaderships away. Versions and errors:
 * see messages/controlled-shutdown.ts.
 */

import type { Controller } from '../../controller/controller.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import { controlledShutdown } from '../../protocol/messages/controlled-shutdown.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface ControlledShutdownPorts {
  /** Null where this broker is not the controller. */
  readonly controller: () => Pick<Controller, 'controlledShutdown'> | null;
  readonly authorizer: Authorizer;
}

export function controlledShutdownHandler(ports: ControlledShutdownPorts): ApiHandler {
  const { controller, authorizer } = ports;
  return serve(controlledShutdown, [0, 3], async (context, { brokerId, brokerEpoch }) => {
    if (!authorizer.authorize(context, 'CLUSTER_ACTION', clusterResource)) {
      return { errorCode: ErrorCodes.CLUSTER_AUTHORIZATION_FAILED, remainingPartitions: [] };
    }
    try {
      const term = controller();
      if (term === null) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      const broker = { brokerId, brokerEpoch: Number(brokerEpoch) };
      const remaining = await term.controlledShutdown(broker);
      return {
        errorCode: ErrorCodes.NONE,
        remainingPartitions: remaining.map(({ topic, partition }) => ({
          topicName: topic,
          partitionIndex: partition,
        })),
      };
    } catch (error) {
      return { errorCode: errorCodeOf(error), remainingPartitions: [] };
    }
  });
}
