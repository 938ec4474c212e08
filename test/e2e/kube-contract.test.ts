/** The contract suite of the operator's kube port on a real API server. */

import { KubeConfig } from '@kubernetes/client-node';
import { systemTimers } from '../../broker/platform/timers.ts';
import { ApiKubeClient } from '../../operator/kube/api-client.ts';
import { ApiTransport } from '../../operator/kube/api-transport.ts';
import type { KubeContractSubject } from '../operator/kube/contract-kit.ts';
import { describeKubeContract } from '../operator/kube/kube-contract.ts';
import { createNamespace, deleteNamespace, installCustomResources } from './support/kubectl.ts';

async function open(): Promise<KubeContractSubject> {
  await installCustomResources();
  const namespace = await createNamespace('contract');
  const config = new KubeConfig();
  config.loadFromDefault();
  return {
    client: new ApiKubeClient(new ApiTransport(config, systemTimers)),
    namespace,
    close: () => deleteNamespace(namespace),
  };
}

describeKubeContract('an API server', open);
