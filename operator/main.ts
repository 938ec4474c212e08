/** The operator as a program: settings, connection to Kubernetes, controllers, signals. */

import { pathToFileURL } from 'node:url';

import { KubeConfig } from '@kubernetes/client-node';

import { systemClock } from '../broker/platform/clock.ts';
import type { Logger } from '../broker/platform/logger.ts';
import { systemLogger } from '../broker/platform/logger.ts';
import { nodeSockets } from '../broker/platform/node-sockets.ts';
import { systemRandom } from '../broker/platform/random.ts';
import { systemTimers } from '../broker/platform/timers.ts';
import type { OperatorConfig } from './config.ts';
import { operatorConfig } from './config.ts';
import { kafkaAdminFactory } from './kafka-admin/client.ts';
import { ApiKubeClient } from './kube/api-client.ts';
import { ApiTransport } from './kube/api-transport.ts';
import type { KubeClient } from './kube/port.ts';
import { KubeError } from './kube/port.ts';
import { kafkaClusters, kafkaTopics } from './kube/resources.ts';
import type { Manager } from './manager.ts';
import { startManager } from './manager.ts';

/** Starts the controllers against the API server that the settings lead to. */
export async function runOperator(config: OperatorConfig, logger: Logger): Promise<Manager> {
  const kube = new ApiKubeClient(new ApiTransport(kubeConfig(config), systemTimers));
  await checkCustomResources(kube, config.namespace);
  const { images, namespace } = config;
  const manager = startManager({
    kube,
    admin: kafkaAdminFactory(nodeSockets, systemTimers),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger,
    images,
    ...(namespace === undefined ? {} : { namespace }),
  });
  await manager.ready();
  logger.info({ namespace: namespace ?? 'all', images }, 'the operator is running');
  return manager;
}

function kubeConfig({ kubeconfig }: OperatorConfig): KubeConfig {
  const loaded = new KubeConfig();
  if (kubeconfig === undefined) loaded.loadFromDefault();
  else loaded.loadFromFile(kubeconfig);
  return loaded;
}

/** Without its CRDs the operator could only wait: it says so instead. */
async function checkCustomResources(kube: KubeClient, namespace?: string): Promise<void> {
  for (const kind of [kafkaClusters, kafkaTopics]) {
    try {
      await kube.list(kind, namespace === undefined ? {} : { namespace });
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== 'NOT_FOUND') throw error;
      const message = `the CustomResourceDefinition of ${kind.kind} is missing: kubectl apply -f crds/`;
      throw new Error(message, { cause: error });
    }
  }
}

async function main(): Promise<void> {
  const config = operatorConfig(process.argv.slice(2), process.env);
  const logger = systemLogger(config.logLevel);
  const manager = await runOperator(config, logger);
  // Watches hold sockets that keep the process alive only while they are open.
  const alive = setInterval(() => undefined, 60_000);
  const stop = (signal: string): void => {
    logger.info({ signal }, 'the operator stops');
    void manager.stop().finally(() => {
      clearInterval(alive);
      process.exit(0);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
