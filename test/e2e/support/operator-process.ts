/** The operator as a program on this machine, against the API server of KUBECONFIG. */

import { fileURLToPath } from 'node:url';
import { ServerProcess } from '../../support/server-process.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** Its images come from the environment, ODRADEK_BROKER_IMAGE and ODRADEK_ZOOKEEPER_IMAGE. */
export function operatorProcess(namespace: string): ServerProcess {
  return new ServerProcess({
    name: 'operator',
    command: process.execPath,
    args: [
      '--import',
      './test/e2e/support/cluster-dns.mjs',
      'dist/operator/main.js',
      '--namespace',
      namespace,
      '--log-level',
      'debug',
    ],
    cwd: repository,
    isReady: (log) => log.includes('the operator is running'),
    startLimitMs: 60_000,
    stopLimitMs: 20_000,
  });
}
