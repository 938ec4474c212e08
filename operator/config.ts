/** The operator's own settings, from flags and environment; flags win. */

import { parseArgs } from 'node:util';

import type { Images } from './model/images.ts';

export interface OperatorConfig {
  readonly images: Images;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Absent: KUBECONFIG, the pod's service account, or ~/.kube/config, whichever is there. */
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What runs unless a resource or a setting says otherwise. */
export const defaultImages: Images = {
  broker: 'odradek-broker:0.1.0',
  zookeeper: 'zookeeper:3.9',
};

const options = {
  namespace: { type: 'string' },
  kubeconfig: { type: 'string' },
  'broker-image': { type: 'string' },
  'zookeeper-image': { type: 'string' },
  'log-level': { type: 'string' },
} as const;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Throws an Error whose message says which setting is wrong and what is allowed. */
export function operatorConfig(argv: readonly string[], env: Environment): OperatorConfig {
  const { values } = parseArgs({ args: [...argv], options, strict: true });
  const namespace = values.namespace ?? env['ODRADEK_NAMESPACE'] ?? '';
  const kubeconfig = values.kubeconfig ?? '';
  const logLevel = values['log-level'] ?? env['ODRADEK_LOG_LEVEL'] ?? 'info';
  if (!logLevels.includes(logLevel)) {
    throw new Error(`--log-level: ${logLevel} is not allowed; allowed: ${logLevels.join(', ')}`);
  }
  return {
    images: {
      broker: values['broker-image'] ?? env['ODRADEK_BROKER_IMAGE'] ?? defaultImages.broker,
      zookeeper:
        values['zookeeper-image'] ?? env['ODRADEK_ZOOKEEPER_IMAGE'] ?? defaultImages.zookeeper,
    },
    ...(namespace === '' ? {} : { namespace }),
    ...(kubeconfig === '' ? {} : { kubeconfig }),
    logLevel,
  };
}
