/**
 * LeaderAndIsr, UpdateMetadata and StopReplica: what the controller sends to every broker. Versions
 * and errors: see the messages.
 */

import type { ControlledBroker } from '../../controller/broker-channels.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { leaderAndIsr } from '../../protocol/messages/leader-and-isr.ts';
import { stopReplica } from '../../protocol/messages/stop-replica.ts';
import { updateMetadata } from '../../protocol/messages/update-metadata.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface ControllerRequestPorts {
  readonly broker: ControlledBroker;
  readonly authorizer: Authorizer;
}

const TOPIC_IDS_SINCE = 5;
const REFUSED = ErrorCodes.CLUSTER_AUTHORIZATION_FAILED;

export function controllerRequestHandlers(ports: ControllerRequestPorts): ApiHandler[] {
  const { broker, authorizer } = ports;
  const may = (context: RequestContext): boolean =>
    authorizer.authorize(context, 'CLUSTER_ACTION', clusterResource);
  return [
    serve(leaderAndIsr, [0, 7], async (context, request) => {
      if (!may(context)) return { errorCode: REFUSED, partitionErrors: [], topics: [] };
      const answer = await broker.leaderAndIsr(request);
      // Outcomes are a flat list up to version 4, and by topic id afterwards.
      return context.apiVersion >= TOPIC_IDS_SINCE
        ? { ...answer, partitionErrors: [] }
        : { ...answer, topics: [] };
    }),
    serve(stopReplica, [0, 4], (context, request) =>
      may(context) ? broker.stopReplica(request) : { errorCode: REFUSED, partitionErrors: [] },
    ),
    serve(updateMetadata, [0, 8], (context, request) =>
      may(context) ? broker.updateMetadata(request) : { errorCode: REFUSED },
    ),
  ];
}
